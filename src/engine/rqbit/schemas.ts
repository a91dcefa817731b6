import { z } from 'zod';
import { EngineError } from '../errors.ts';
import type { InfoHash } from '../torrent.ts';

/**
 * What rqbit ≥ 9.0.0 answers, as far as it is used here. Fields that are not named are ignored, so that a newer server may
 * add some; a field that is named and missing is an error, so that no later code meets `undefined`.
 */

const count = z.number().int().nonnegative();
const infoHash = z
  .string()
  .regex(/^[0-9a-f]{40}$/)
  .transform(text => text as InfoHash); // the pattern is that of an InfoHash

/** `GET /` */
export const rootSchema = z.object({ server: z.literal('rqbit'), version: z.string() });

/** `GET /stats` */
export const sessionStatsSchema = z.object({
  /** Whole ones. */
  uptime_seconds: count,
});

const fileSchema = z.object({
  /** Decoded by rqbit, with U+FFFD for what it could not decode; the same text as on its disk. */
  components: z.array(z.string()).min(1),
  length: count,
  included: z.boolean(),
  attributes: z.object({ padding: z.boolean(), symlink: z.boolean() }),
});
export type RqbitFile = z.infer<typeof fileSchema>;

const torrentSchema = z.object({
  info_hash: infoHash,
  /** Null for a torrent whose name is absent. */
  name: z.string().nullable(),
  /** Final: with the torrent's own folder, if it has one. */
  output_folder: z.string(),
});

/** `GET /torrents/{hash}` */
export const detailsSchema = torrentSchema.extend({ files: z.array(fileSchema).min(1) });
export type RqbitDetails = z.infer<typeof detailsSchema>;

const speedSchema = z.object({ mbps: z.number().nonnegative() });

const liveSchema = z.object({
  snapshot: z.object({
    fetched_bytes: count,
    downloaded_and_checked_pieces: count,
    peer_stats: z.object({ live: count, seen: count }),
  }),
  download_speed: speedSchema,
  upload_speed: speedSchema,
});

/** `GET /torrents/{hash}/stats/v1` */
export const statsSchema = z.object({
  state: z.enum(['initializing', 'live', 'paused', 'error']),
  /** Present only while initializing. */
  initializing_paused: z.boolean().optional(),
  error: z.string().nullable(),
  /** While initializing the bytes that were looked at; then those held of the selected pieces. */
  progress_bytes: count,
  /** Bytes of the selected pieces, but of the whole torrent while initializing or in error. */
  total_bytes: count,
  finished: z.boolean(),
  live: liveSchema.nullable(),
});
export type RqbitStats = z.infer<typeof statsSchema>;

/** `GET /torrents?with_stats=true` */
export const listSchema = z.object({
  torrents: z.array(torrentSchema.extend({ id: count, total_pieces: count, stats: statsSchema })),
});
export type RqbitListRow = z.infer<typeof listSchema>['torrents'][number];

/** `POST /torrents`, with `list_only=true` too. */
export const addSchema = z.object({
  details: torrentSchema.extend({ files: z.array(fileSchema).min(1) }),
  seen_peers: z.array(z.string()).nullish(),
});
export type RqbitAdded = z.infer<typeof addSchema>;

/** The body of rqbit's own errors; axum's are plain text, and some are empty. */
const errorSchema = z.object({ human_readable: z.string() });

/** @throws EngineError `protocol`, naming the field but not its content, which is hostile */
export function parseJson<T>(schema: z.ZodType<T, unknown>, body: Uint8Array, call: string): T {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (cause) {
    throw new EngineError('protocol', `${call}: the answer is no JSON; is this rqbit, and no proxy before it?`, {
      cause,
    });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') || 'the whole of it';
  throw new EngineError('protocol', `${call}: the answer is not of rqbit 9: ${field}: ${issue?.message}`);
}

/** The reason in the body of an error: rqbit's text in one line, at most 300 characters; empty when it says nothing. */
export function parseErrorReason(body: Uint8Array): string {
  const text = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, 4096)).toString('utf8');
  return oneLine(readableOf(text) ?? text);
}

function readableOf(text: string): string | undefined {
  try {
    return errorSchema.safeParse(JSON.parse(text)).data?.human_readable;
  } catch {
    return undefined;
  }
}

/** Server text goes to terminals and logs: no control characters, no endless lines. */
export function oneLine(text: string): string {
  const flat = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return flat.length > 300 ? `${flat.slice(0, 299)}…` : flat;
}

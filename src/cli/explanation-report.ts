import { z } from 'zod';

const run = z.tuple([z.number(), z.number()]).describe('first and last of consecutive pieces');

const holdersSchema = z.object({
  pieces: z.number().describe('missing pieces that it is about'),
  rarest: z.number().describe('connected peers that have the rarest of them'),
  peers_total: z.number().describe('connected peers that have any of them'),
  peers: z
    .array(z.object({ address: z.string(), pieces: z.number() }))
    .describe('those with the most of them, and how many each has; a few of many'),
});

const needSchema = z.object({
  basis: z.enum(['waiting reads', 'last read', 'whole file']),
  pieces: z.array(run),
  missing: z.array(run),
  missing_bytes: z.number(),
  holders: holdersSchema.nullable().describe('null where nothing is missing, and where the engine cannot tell'),
});

/** What `explain --json` prints: the mount's own `.torrent-fuse/why-json/<path>`. */
export const explanationSchema = z.looseObject({
  schema_version: z.literal(1),
  path: z.string(),
  situation: z.string(),
  headline: z.string(),
  advice: z.string(),
  estimate_seconds: z.number().nullable().describe('until what is needed can be read; null when nobody can tell'),
  info_hash: z.string(),
  state: z.string(),
  progress_pct: z.number(),
  peers: z.number(),
  peers_known: z.number(),
  download_speed: z.number().describe('bytes per second'),
  need: needSchema.nullable().describe('pieces are counted from the first that the file touches; null for a folder'),
  readers: z.number(),
  waiting_reads: z.array(
    z.object({
      start: z.number(),
      end: z.number(),
      waited_ms: z.number(),
      idle_ms: z.number(),
      deadline_ms: z.number(),
    }),
  ),
  policy: z.object({ when_missing: z.enum(['wait', 'eagain']), timeout_ms: z.number() }),
  engine: z.string(),
  engine_failure: z.string().nullable(),
  errors: z.array(z.string()),
});

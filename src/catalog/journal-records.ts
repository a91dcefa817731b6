import { z } from 'zod';
import type { InfoHash } from '../engine/index.ts';

/**
 * The lines of the journal. Each says one fact that holds from then on, so that any prefix of the file is a state in which
 * the mount has been. The file's first line is a {@link JournalHeader}.
 */

const infoHash = z.custom<InfoHash>(value => typeof value === 'string' && /^[0-9a-f]{40}$/.test(value));
const seconds = z.number().int().nonnegative();

/** What a path is to be treated like; an absent key is inherited from the nearest ancestor that has it. */
const pathSettings = z.object({
  policy: z.enum(['wait', 'eagain']).optional(),
  /** Milliseconds without a new byte before a read fails. */
  timeoutMs: z.number().int().positive().optional(),
  /** Keep all of it downloaded. */
  pin: z.boolean().optional(),
  priority: z.enum(['low', 'normal', 'high']).optional(),
});

/** What to add once the engine can. The bytes of a .torrent lie in the metainfo store, under their info hash. */
const pendingSource = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('magnet'), infoHash, uri: z.string() }),
  z.object({ kind: z.literal('url'), url: z.string() }),
  z.object({ kind: z.literal('metainfo'), infoHash }),
]);

const journalRecord = z.discriminatedUnion('type', [
  /** The engine that this data directory belongs to. */
  z.object({ type: z.literal('engine'), engine: z.string() }),
  /** Somebody wants this torrent. It stays so until `pending-done` or `removed`. */
  z.object({
    type: z.literal('pending'),
    id: z.string(),
    source: pendingSource,
    origin: z.string(),
    peers: z.array(z.string()).readonly(),
    atSeconds: seconds,
  }),
  z.object({ type: z.literal('pending-done'), id: z.string() }),
  /** The torrent is in the mount, its metadata known. `own`: this mount added it, nobody else. */
  z.object({ type: z.literal('torrent'), infoHash, name: z.string(), addedAtSeconds: seconds, own: z.boolean() }),
  /** Gone from the engine by another hand. */
  z.object({ type: z.literal('vanished'), infoHash }),
  z.object({ type: z.literal('renamed'), infoHash, entryName: z.string() }),
  /** Out of the mount; the engine has yet to be told. */
  z.object({ type: z.literal('removed'), infoHash, name: z.string(), deleteData: z.boolean(), atSeconds: seconds }),
  /** The engine has been told. */
  z.object({ type: z.literal('removal-done'), infoHash }),
  /** The engine would not: the torrent is back in the mount, as it was. */
  z.object({ type: z.literal('restored'), infoHash }),
  /** `path` is relative to the torrent's root entry. An `infoHash` of null means the whole mount. */
  z.object({
    type: z.literal('settings'),
    infoHash: infoHash.nullable(),
    path: z.array(z.string()).readonly(),
    settings: pathSettings,
  }),
  /** A file of the watch folder has been dealt with, as it was then; an `identity` of null forgets it. */
  z.object({ type: z.literal('watched'), name: z.string(), identity: z.string().nullable() }),
]);

const journalHeader = z.object({ journal: z.literal('torrent-fuse'), version: z.number().int() });

export type JournalRecord = z.output<typeof journalRecord>;
export type PendingSource = z.output<typeof pendingSource>;
export type PathSettings = z.output<typeof pathSettings>;
export type JournalHeader = z.output<typeof journalHeader>;

export const JOURNAL_VERSION = 1;

/** Undefined for what is no record: half a line, or one that was damaged on the disk. */
export function parseRecord(line: string): JournalRecord | undefined {
  return journalRecord.safeParse(parseJson(line)).data;
}

export function parseHeader(line: string): JournalHeader | undefined {
  return journalHeader.safeParse(parseJson(line)).data;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

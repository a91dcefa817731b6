import { z } from 'zod';

/**
 * What the command line reads of `.torrent-fuse/status.json`. Fields that it does not know are passed on as they are, so that it
 * can ask a mount of a newer version too.
 */
export const torrentSchema = z.looseObject({
  info_hash: z.string(),
  name: z.string(),
  state: z.string(),
  /** Of the whole torrent, by verified pieces. */
  progress_bytes: z.number(),
  total_bytes: z.number(),
  peers: z.number(),
  /** Bytes per second. */
  download_speed: z.number(),
  error: z.string().nullable(),
});

export const pendingUrlSchema = z.looseObject({ url: z.string(), error: z.string().nullable() });

/** `forgotten_at` is in ISO 8601. */
export const forgottenSchema = z.looseObject({ info_hash: z.string(), name: z.string(), forgotten_at: z.string() });

const count = z.number();

/** Counters are since the mount began. */
const cacheSchema = z.looseObject({
  capacity_bytes: count,
  used_bytes: count,
  hits: count,
  hit_bytes: count,
  misses: count,
  evictions: count,
});

/** `in_flight`: not answered yet; `waiting`: for bytes that are missing; `streams`: of the engine, for readers. */
const readsSchema = z.looseObject({
  in_flight: count,
  waiting: count,
  refused: count,
  open_files: count,
  open_handles: count,
  streams: count,
});

export const statusSchema = z.looseObject({
  mountpoint: z.string(),
  engine: z.string(),
  torrents: z.array(torrentSchema),
  /** .torrent URLs that are not fetched yet, so that it is not known which torrents they are. */
  pending_urls: z.array(pendingUrlSchema),
  forgotten: z.array(forgottenSchema),
  cache: cacheSchema.optional(),
  reads: readsSchema.optional(),
});

export type StatusReport = z.infer<typeof statusSchema>;
export type TorrentReport = z.infer<typeof torrentSchema>;
export type ForgottenReport = z.infer<typeof forgottenSchema>;

/** @throws Error when it is no status of a mount */
export function parseStatus(value: unknown): StatusReport {
  return statusSchema.parse(value);
}

/** The torrents, and after them the URLs that will be some, as if they were torrents that resolve. */
export function torrentsAndUrls({ torrents, pending_urls }: StatusReport): TorrentReport[] {
  const nothing = { info_hash: '', progress_bytes: 0, total_bytes: 0, peers: 0, download_speed: 0 };
  return [...torrents, ...pending_urls.map(({ url, error }) => ({ ...nothing, name: url, state: 'resolving', error }))];
}

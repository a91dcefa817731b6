import { z } from 'zod';

/**
 * What the command line reads of `.torrent-fuse/status.json`. Fields that it does not know are left alone, so that it can ask
 * a mount of a newer version too.
 */
const torrentSchema = z.object({
  info_hash: z.string(),
  name: z.string(),
  state: z.string(),
  /** Of the whole torrent, by verified pieces. */
  progress_bytes: z.number().catch(0),
  total_bytes: z.number().catch(0),
  peers: z.number().catch(0),
  /** Bytes per second. */
  download_speed: z.number().catch(0),
  upload_speed: z.number().catch(0),
  error: z.string().nullish(),
});

const forgottenSchema = z.object({
  info_hash: z.string(),
  name: z.string(),
  /** Seconds since 1970. */
  forgotten_at: z.number().catch(0),
});

const statusSchema = z.object({
  mountpoint: z.string(),
  engine: z.string(),
  torrents: z.array(torrentSchema),
  forgotten: z.array(forgottenSchema).default([]),
});

export type StatusReport = z.infer<typeof statusSchema>;
export type ForgottenReport = z.infer<typeof forgottenSchema>;
export type TorrentReport = z.infer<typeof torrentSchema>;

/** @throws Error when it is no status of a mount */
export function parseStatus(value: unknown): StatusReport {
  return statusSchema.parse(value);
}

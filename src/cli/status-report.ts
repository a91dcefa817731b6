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

const statusSchema = z.object({
  mountpoint: z.string(),
  pid: z.number(),
  engine: z.string(),
  torrents: z.array(torrentSchema),
});

export type StatusReport = z.infer<typeof statusSchema>;
export type TorrentReport = z.infer<typeof torrentSchema>;

/** @throws Error when it is no status of a mount */
export function parseStatus(value: unknown): StatusReport {
  return statusSchema.parse(value);
}

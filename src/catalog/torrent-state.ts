/** What a torrent is doing, as people are told. */
export const torrentStates = [
  'resolving', // no metadata yet
  'initializing', // what is on disk is being checked
  'downloading', // bytes are wanted and arrive
  'stalled', // bytes are wanted and none came for the stalled timeout
  'idle', // nothing is wanted
  'seeding', // every piece is held
  'paused',
  'error',
  'unknown', // the engine said nothing for two polls
] as const;

export type TorrentState = (typeof torrentStates)[number];

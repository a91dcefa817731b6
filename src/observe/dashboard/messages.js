import { boolean, list, nullable, number, pair, record, string } from './checks.js';

/** All that the server says, as far as this page uses it: the one place where it is checked. */

const torrent = record({
  info_hash: string,
  name: string,
  state: string,
  error: nullable(string),
  progress_bytes: number,
  total_bytes: number,
  peers: number,
  peers_known: number,
  download_speed: number,
  upload_speed: number,
  fetched_bytes: number,
});
/** @typedef {ReturnType<typeof torrent>} Torrent */

const openFile = record({
  handle: number,
  info_hash: string,
  file_index: number,
  path: string,
  length: number,
  position: number,
  read_ahead_end: number,
});
/** @typedef {ReturnType<typeof openFile>} OpenFile */

const waitingRead = record({
  handle: number,
  info_hash: string,
  file_index: number,
  start: number,
  end: number,
  waited_ms: number,
  idle_ms: number,
  deadline_ms: number,
  reason: nullable(string),
});
/** @typedef {ReturnType<typeof waitingRead>} WaitingRead */

const status = record({
  version: string,
  mountpoint: string,
  read_only: boolean,
  engine: string,
  engine_failure: nullable(string),
  torrents: list(torrent),
  open_files_total: number,
  open_files: list(openFile),
  waiting_reads_total: number,
  waiting_reads: list(waitingRead),
  cache: record({ used_bytes: number, capacity_bytes: number }),
});
/** @typedef {ReturnType<typeof status>} Status */

const pieces = record({
  info_hash: string,
  file_index: number,
  path: string,
  piece_length: number,
  lead_bytes: number,
  piece_count: number,
  bitfield: string,
  in_flight: list(pair(number, number)),
  readers: list(openFile),
  waiting_reads: list(waitingRead),
});
/** @typedef {ReturnType<typeof pieces>} Pieces */

const sample = record({
  at_ms: number,
  read_speed: number,
  download_speed: number,
  latency_p50: nullable(number),
  latency_p99: nullable(number),
  hit_rate: nullable(number),
});
/** @typedef {ReturnType<typeof sample>} Sample */

const history = list(sample);

/** Answers of the API. */
export const answers = {
  status,
  files: record({ total: number, files: list(record({ file_index: number, path: string, length: number })) }),
  explanation: record({
    path: string,
    headline: string,
    advice: string,
    facts: list(record({ label: string, text: string })),
  }),
  error: record({ error: string }),
};

/**
 * @typedef {{ name: 'history', samples: Sample[] }
 *   | { name: 'sample', sample: Sample }
 *   | { name: 'status', status: Status }
 *   | { name: 'pieces', pieces: Pieces }} LiveEvent
 */

/** The server-sent events, by name. @type {Record<string, (value: unknown) => LiveEvent>} */
export const events = {
  history: value => ({ name: 'history', samples: history(value, 'history') }),
  sample: value => ({ name: 'sample', sample: sample(value, 'sample') }),
  status: value => ({ name: 'status', status: status(value, 'status') }),
  pieces: value => ({ name: 'pieces', pieces: pieces(value, 'pieces') }),
};

// Readers who wait for a torrent that nobody seeds, and what stat and reads of a healthy one take meanwhile, beside what they
// take without them. Over both engines.
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { dropNames } from '../mounted.mjs';
import { readFigures, reportReadFigures } from '../read-figures.mjs';
import { rounds } from '../rounds.mjs';
import { mid, percentile } from '../statistics.mjs';
import { PYTHON } from '../swarm.mjs';
import {
  buildStage,
  DEAD_PIECE,
  LARGE_BYTES,
  largeName,
  makeTorrents,
  mountEmbedded,
  mountOverRqbit,
  NAMES,
} from './stage.mjs';

const ROUNDS = 5;
const READERS = [64, 600];
/** A scheduler's turn is as long as fifty calls: of one pass too few would be the slowest hundredth. */
const STAT_PASSES = 5;
const MiB = 2 ** 20;
const GOAL = 1.5;
const MEASURE = join(import.meta.dirname, '../measure.py');
const BLOCKED = join(import.meta.dirname, 'blocked.py');
/**
 * Beyond the time after which a stream that brings nothing is looked into. Before every measurement: a connection that was idle
 * begins anew, whoever else waits.
 */
const SETTLE_MS = 3000;

export default async function benchmark({ row, log }) {
  const stage = buildStage(2 * ROUNDS);
  try {
    const torrents = await makeTorrents(stage);
    for (const [engine, start] of [
      ['embedded', mountEmbedded],
      ['rqbit', mountOverRqbit],
    ]) {
      for (const readers of READERS) {
        const { mount, stop } = await start(stage, torrents);
        try {
          await compare(mount, { engine, readers }, { row, log });
        } finally {
          await stop();
        }
      }
    }
  } finally {
    stage.stop();
  }
}

async function compare(mount, { engine, readers }, { row, log }) {
  await mount.untilListed(['dead.bin', 'healthy']);
  await measure(mount, undefined); // a connection is there, and what is learned once is known
  // From the last to the first: whoever reads files in order has the next one fetched ahead.
  const lastFile = 2 * ROUNDS - 1;
  const { quiet, blocked } = await rounds(log, {
    name: `${engine}, ${readers} readers`,
    count: ROUNDS,
    scenarios: {
      quiet: round => measure(mount, lastFile - 2 * round),
      blocked: round => whileBlocked(mount, readers, () => measure(mount, lastFile - 2 * round - 1)),
    },
  });
  const figures = await readFigures(mount);
  const name = `${engine}, ${readers} blocked`;
  const beside = { besideName: 'none blocked' };
  const stat = { ours: mid(blocked, 'statMs'), beside: mid(quiet, 'statMs'), ...beside, most: GOAL };
  row({ measure: `${name}: stat, p99`, unit: 'ms', ...stat });
  const read = { ours: mid(blocked, 'readMs'), beside: mid(quiet, 'readMs'), ...beside, most: GOAL };
  row({ measure: `${name}: time of a healthy read`, unit: 'ms/48 MiB', ...read });
  reportReadFigures(row, { measure: name, engine, figures });
}

/** @param file which of the large files is read; none when undefined */
async function measure(mount, file) {
  await setTimeout(SETTLE_MS);
  const statMs = percentile(await statLatenciesMs(mount), 0.99);
  if (file === undefined) return { statMs };
  const path = mount.path('healthy', largeName(file));
  const read = JSON.parse(await mount.run(PYTHON, [MEASURE, 'sequential', path, `${MiB}`]));
  if (read.bytes !== LARGE_BYTES) throw new Error(`${path}: ${read.bytes} bytes`);
  return { statMs, readMs: read.seconds * 1000 };
}

async function statLatenciesMs(mount) {
  const names = mount.path('healthy/names', '%d');
  const latencies = [];
  for (let pass = 0; pass < STAT_PASSES; pass++) {
    dropNames();
    const stat = JSON.parse(await mount.run(PYTHON, [MEASURE, 'stat', names, `${NAMES}`]));
    latencies.push(...stat.latencies_ms);
  }
  return latencies;
}

async function whileBlocked(mount, readers, work) {
  const child = mount.spawn(PYTHON, [BLOCKED, mount.path('dead.bin'), `${readers}`, `${DEAD_PIECE}`]);
  const gone = once(child, 'exit');
  const died = gone.then(([code]) => Promise.reject(new Error(`the blocked readers ended with ${code}`)));
  died.catch(() => {});
  try {
    await Promise.race([untilWaiting(mount, readers), died]);
    return await Promise.race([work(), died]);
  } finally {
    child.stdin.end();
    await gone;
    await untilWaiting(mount, 0);
  }
}

async function untilWaiting(mount, readers) {
  while ((await mount.metric('torrent_fuse_reads_waiting')) !== readers) await setTimeout(200);
}

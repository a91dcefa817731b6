// The whole mount over the embedded engine, beside what a plain download of the same torrent from the same seeder takes in the
// same run: by the embedded engine alone, and by libtorrent. Rounds alternate between them, because the machine's speed drifts.
import { reportReadFigures } from '../read-figures.mjs';
import { rounds } from '../rounds.mjs';
import { mid, percentile } from '../statistics.mjs';
import { copyTree, downloadPlainly, readFirst, readWhole, seek } from './scenarios.mjs';
import { buildStage } from './stage.mjs';

const ROUNDS = 3;
const KiB = 2 ** 10;

export default async function benchmark({ row, log }) {
  const stage = await buildStage();
  try {
    await sequential(stage, { row, log });
    await slowLink(stage, { row, log });
    await latencies(stage, { row, log });
    await smallFiles(stage, { row, log });
  } finally {
    await stage.stop();
  }
}

async function sequential(stage, { row, log }) {
  const place = { torrent: stage.torrents.big, peer: stage.fast };
  const { ours, engine, libtorrent } = await rounds(log, {
    name: 'sequential',
    count: ROUNDS,
    scenarios: {
      ours: () => readWhole(stage, { ...place, isWarmToo: true }),
      engine: () => downloadPlainly(stage, { ...place, client: 'engine' }),
      libtorrent: () => downloadPlainly(stage, { ...place, client: 'libtorrent' }),
    },
  });
  const cold = { ours: mid(ours, 'coldMiBs') };
  const byEngine = { beside: mid(engine, 'mibs'), besideName: 'its engine alone' };
  const byLibtorrent = { beside: mid(libtorrent, 'mibs'), besideName: 'libtorrent, plain' };
  row({ measure: 'sequential, cold, unlimited', unit: 'MiB/s', ...cold, ...byEngine, goal: 0.8 });
  row({ measure: 'sequential, cold, unlimited', unit: 'MiB/s', ...cold, ...byLibtorrent });
  const cpu = { measure: 'CPU, cold', unit: 's/GiB', ours: mid(ours, 'cpuSecondsPerGiB') };
  row({ ...cpu, beside: mid(engine, 'cpuSecondsPerGiB'), besideName: 'its engine alone' });
  row({ ...cpu, beside: mid(libtorrent, 'cpuSecondsPerGiB'), besideName: 'libtorrent, plain' });
  const figures = Object.fromEntries(['hitRate', 'overDownload', 'peakResidentMiB'].map(key => [key, mid(ours, key)]));
  reportReadFigures(row, { measure: 'sequential, cold', engine: 'embedded', figures });
  const itself = { beside: mid(ours, 'warmItselfMiBs'), besideName: 'the file itself' };
  row({ measure: 'sequential, warm', unit: 'MiB/s', ours: mid(ours, 'warmMiBs'), ...itself });
  row({ measure: 'CPU, warm', unit: 's/GiB', ours: mid(ours, 'warmCpuSecondsPerGiB') });
  percentiles(
    row,
    'random 128 KiB, warm',
    ours.flatMap(round => round.warmRandomMs),
  );
}

async function slowLink(stage, { row, log }) {
  const place = { torrent: stage.torrents.small, peer: stage.slow };
  const { ours, libtorrent } = await rounds(log, {
    name: '10 MiB/s',
    count: ROUNDS,
    scenarios: {
      ours: () => readWhole(stage, place),
      libtorrent: () => downloadPlainly(stage, { ...place, client: 'libtorrent' }),
    },
  });
  const beside = { beside: mid(libtorrent, 'mibs'), besideName: 'libtorrent, plain' };
  row({ measure: 'sequential, cold, 10 MiB/s', unit: 'MiB/s', ours: mid(ours, 'coldMiBs'), ...beside, goal: 0.8 });
}

async function latencies(stage, { row, log }) {
  const torrent = stage.torrents.sparse;
  const { first, seeks, slowSeeks, small } = await rounds(log, {
    name: 'latencies',
    count: ROUNDS,
    scenarios: {
      first: () => readFirst(stage, { torrent, peer: stage.fast }),
      seeks: () => seek(stage, { torrent, peer: stage.fast, count: 60, size: 128 * KiB }),
      slowSeeks: () => seek(stage, { torrent, peer: stage.slow, count: 20, size: 128 * KiB }),
      small: () => seek(stage, { torrent, peer: stage.fast, count: 20, size: 64 * KiB }),
    },
  });
  row({ measure: 'ready to the first 64 KiB, below 500', unit: 'ms', ours: mid(first, 'fromReadyMs') });
  const limit = { besideName: 'limit', most: 1 };
  row({ measure: 'fetched for the first 64 KiB', unit: 'MiB', ours: mid(first, 'fetchedMiB'), beside: 4, ...limit });
  percentiles(
    row,
    'seek, 128 KiB, unlimited',
    seeks.flatMap(round => round.latenciesMs),
  );
  percentiles(
    row,
    'seek, 128 KiB, 10 MiB/s',
    slowSeeks.flatMap(round => round.latenciesMs),
  );
  row({ measure: 'fetched for 20 random 64 KiB', unit: 'MiB', ours: mid(small, 'fetchedMiB'), beside: 40, ...limit });
}

async function smallFiles(stage, { row, log }) {
  const place = { torrent: stage.torrents.tree, peer: stage.fast };
  const { ours, engine } = await rounds(log, {
    name: 'small files',
    count: ROUNDS,
    scenarios: {
      ours: () => copyTree(stage, place),
      engine: () => downloadPlainly(stage, { ...place, client: 'engine' }),
    },
  });
  const plainSeconds = stage.torrents.tree.bytes / 2 ** 20 / mid(engine, 'mibs');
  const beside = { beside: plainSeconds, besideName: 'its engine alone' };
  row({ measure: 'cp -r of 2,000 small files, cold', unit: 's', ours: mid(ours, 'seconds'), ...beside });
  row({ measure: 'the same, held', unit: 's', ours: mid(ours, 'warmSeconds') });
  row({ measure: 'CPU of the mount for the cold copy', unit: 's', ours: mid(ours, 'cpuSeconds') });
  row({ measure: 'fetched for the copy', unit: 'MiB', ours: mid(ours, 'fetchedMiB') });
}

function percentiles(row, measure, values) {
  row({ measure: `${measure}, p50`, unit: 'ms', ours: percentile(values, 0.5) });
  row({ measure: `${measure}, p99`, unit: 'ms', ours: percentile(values, 0.99) });
}

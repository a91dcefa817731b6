// Over a real rqbit. A file that it holds: curl of its stream, and dd through the mount, over HTTP alone (the mount's user cannot
// enter the server's folder) and from the server's files on this machine. And a file that it does not hold, on demand: what
// reads of it take over HTTP, and what rqbit fetches for them. Whoever goes first in a round changes; medians of all.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OVER_DOWNLOAD_LIMIT, reportReadFigures } from '../read-figures.mjs';
import { rounds } from '../rounds.mjs';
import { mid } from '../statistics.mjs';
import { fetchHead, measureCurl, measureMount, pausePlayer, readAtRandom, readInOrder } from './scenarios.mjs';
import { buildStage } from './stage.mjs';

const ROUNDS = 5;
const ON_DEMAND_ROUNDS = 3;

export default async function benchmark({ row, log }) {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-rqbit-'));
  chmodSync(scratch, 0o755);
  const stage = await buildStage(scratch);
  try {
    await held(stage, { row, log });
    await onDemand(stage, { row, log });
  } finally {
    await stage.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function held(stage, { row, log }) {
  const { curl, http, local } = await rounds(log, {
    name: 'held',
    count: ROUNDS,
    scenarios: {
      curl: () => measureCurl(stage),
      http: () => measureMount(stage, { asNobody: true }),
      local: () => measureMount(stage, { asNobody: false }),
    },
  });
  const beside = { besideName: 'curl of the stream' };
  const whole = { unit: 'MiB/s', beside: mid(curl, 'rate'), ...beside };
  row({ measure: 'dd of the whole file, over HTTP', ours: mid(http, 'rate'), ...whole });
  row({ measure: 'dd of the whole file, local data, first', ours: mid(local, 'rate'), ...whole });
  row({ measure: 'dd of the whole file, local data, again', ours: mid(local, 'againRate'), ...whole });
  const first = { unit: 'ms', beside: mid(curl, 'firstByteMs'), ...beside };
  row({ measure: 'first byte, over HTTP', ours: mid(http, 'firstByteMs'), ...first });
  row({ measure: 'first byte, local data', ours: mid(local, 'firstByteMs'), ...first });
  reportReadFigures(row, { measure: 'over HTTP', engine: 'rqbit', figures: figuresOf(http) });
  reportReadFigures(row, { measure: 'local data', engine: 'rqbit', figures: figuresOf(local) });
}

async function onDemand(stage, { row, log }) {
  const results = await rounds(log, {
    name: 'on demand',
    count: ON_DEMAND_ROUNDS,
    scenarios: {
      whole: () => readInOrder(stage),
      head: () => fetchHead(stage),
      random: () => readAtRandom(stage),
      player: () => pausePlayer(stage),
    },
  });
  row({ measure: 'on demand: whole file, in order', unit: 'MiB/s', ours: mid(results.whole, 'rate') });
  reportReadFigures(row, { measure: 'on demand: whole file', engine: 'rqbit', figures: figuresOf(results.whole) });
  const limits = {
    whole: { measure: 'whole file', most: (OVER_DOWNLOAD_LIMIT * stage.whole.bytes) / 2 ** 20 },
    head: { measure: 'first 64 KiB', most: 4 },
    random: { measure: '20 random 64 KiB', most: 40 },
    player: { measure: 'a player that stopped after 6 MiB', most: 20 },
  };
  for (const [key, { measure, most }] of Object.entries(limits)) {
    const limit = { beside: most, besideName: 'limit', most: 1 };
    row({ measure: `on demand: HTTP for ${measure}`, unit: 'MiB', ours: mid(results[key], 'httpMiB'), ...limit });
    row({ measure: `on demand: rqbit fetched for ${measure}`, unit: 'MiB', ours: mid(results[key], 'rqbitMiB') });
  }
}

function figuresOf(results) {
  return Object.fromEntries(['hitRate', 'overDownload', 'peakResidentMiB'].map(key => [key, mid(results, key)]));
}

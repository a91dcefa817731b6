import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CuttingProxy } from '../../fakes/cutting-proxy.ts';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent, writePayload } from '../../fixtures/make-torrent.ts';
import { Random } from '../../fixtures/random.ts';
import { RqbitServer } from '../../swarm/rqbit-server.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { CLI, LOOPBACK_ONLY, type MountProcess, NOBODY } from '../harness/mount-process.ts';
import { mountTorrents } from '../harness/mount-torrents.ts';
import { type RandomReads, readAtRandom } from '../harness/random-reads.ts';
import { runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';
import { overRqbit } from '../rqbit/over-rqbit.ts';

const KiB = 2 ** 10;
const MiB = 2 ** 20;
const OPERATIONS = Number(process.env['READ_OPERATIONS'] ?? 10_000);
const seed = Number(process.env['READ_SEED'] ?? Date.now() % 1_000_000);
const random = new Random(seed);
/** Readers stop then, and the test finds that they did too little: many times as long as they take, for a busy machine. */
const TIME_BOX_SECONDS = OPERATIONS / 20;
/** Bytes per second: slow enough that most of what is asked for is not here yet. */
const RATE = 24 * MiB;

const films = makeTorrent({
  name: 'films',
  pieceLength: 64 * KiB,
  files: [
    { path: 'long.bin', content: patternContent(96 * MiB + 4321, 'long') },
    { path: 'hasty.bin', content: patternContent(16 * MiB, 'hasty') },
    { path: 'odd.bin', content: patternContent(777_777, 'odd') },
  ],
});
const wide = makeTorrent({ name: 'wide.bin', pieceLength: MiB, content: patternContent(32 * MiB + 5, 'wide') });
const FILES = ['films/long.bin', 'films/hasty.bin', 'films/odd.bin', 'wide.bin'];

/** The source of a mount, and the mount. */
interface Place {
  readonly folder: string;
  readonly mount: MountProcess;
  readonly seeder: SeederHolder;
}

/** A seeder that is another process each time it comes back. */
class SeederHolder {
  current: Seeder;

  constructor(seeder: Seeder) {
    this.current = seeder;
  }

  signal(signal: NodeJS.Signals): void {
    this.current.signal(signal);
  }
}

async function mountSeeded(options: { readonly args: readonly string[]; readonly uid?: number }): Promise<Place> {
  const folder = await scratchFolder();
  for (const torrent of [films, wide]) writePayload(torrent, folder);
  const seeder = new SeederHolder(await Seeder.start({ torrents: [films, wide], payloadDir: folder, rate: RATE }));
  const { args, uid } = options;
  const mount = await mountTorrents([films, wide], { args: [...args, '--peer', seeder.current.address], uid });
  return { folder, mount, seeder };
}

type Fault = () => Promise<void>;

/** Stops whatever takes signals, for a while. */
function stall(process: { signal(signal: NodeJS.Signals): void }): Fault {
  return async () => {
    process.signal('SIGSTOP');
    await delay(100 + random.below(1000));
    process.signal('SIGCONT');
  };
}

function kill(seeder: SeederHolder): Fault {
  return async () => {
    await seeder.current.kill();
    await delay(random.below(500));
    seeder.current = await seeder.current.again();
  };
}

/** One fault after another, in turns, until it is told to stop. @returns how many there were */
async function disturb(faults: readonly Fault[], signal: AbortSignal): Promise<number> {
  let happened = 0;
  for (; !signal.aborted; happened++) {
    await faults[happened % faults.length]?.();
    await delay(200 + random.below(800));
  }
  return happened;
}

/** Reads all files at random while the faults happen, and fails for any wrong byte, or an error that no fault explains. */
async function expectRightBytes(place: Place, faults: readonly Fault[]): Promise<void> {
  const { mount, folder } = place;
  const hasty = mount.path('films/hasty.bin');
  await runOk(...mount.asMounter(process.execPath, [CLI, 'set', hasty, 'policy=wait', 'timeout=500ms']));
  const over = new AbortController();
  const disturbing = disturb(faults, over.signal);
  let got: RandomReads;
  let faultsHappened = 0;
  try {
    got = await readAtRandom(
      mount,
      FILES.map(path => ({ mounted: mount.path(path), source: join(folder, path) })),
      { seed, readers: 8, operations: OPERATIONS, seconds: TIME_BOX_SECONDS },
    );
  } finally {
    over.abort();
    faultsHappened = await disturbing;
  }
  const summary = `READ_SEED=${seed}: ${JSON.stringify({ ...got, faults: faultsHappened })}`;
  if (process.env['READ_OPERATIONS'] !== undefined) console.log(summary);
  expect(got.wrong, summary).toEqual([]);
  expect(
    Object.keys(got.errors).filter(error => !isExplained(error)),
    summary,
  ).toEqual([]);
  expect(got.operations, summary).toBe(OPERATIONS);
}

/** No fault lasts nearly as long as the mount's timeout, so only those who would not wait have something to tell. */
function isExplained(error: string): boolean {
  return error.startsWith('EAGAIN of') || /^(ETIMEDOUT|SHORT|SIGBUS) of hasty.bin$/.test(error);
}

const timeout = (TIME_BOX_SECONDS + 100) * 1000;

/** To repeat a failure as far as real processes let, set `READ_SEED` to the seed that it names; `READ_OPERATIONS` makes it longer. */
describe('10,000 random opens, reads, seeks, maps and closes by 8 processes give the payload', () => {
  it('of the embedded engine, whose seeder stalls and is killed', { timeout }, async () => {
    const place = await mountSeeded({ args: LOOPBACK_ONLY });
    const { seeder } = place;
    await expectRightBytes(place, [stall(seeder), stall(seeder), kill(seeder)]);
  });

  it.each([
    ['by HTTP alone', NOBODY], // who cannot read the server's folder
    ['with its files on this machine', undefined],
  ])('of an rqbit that stalls, %s, whose connections are cut and whose seeder stalls', { timeout }, async (_, uid) => {
    const server = await RqbitServer.start({ blockingThreads: 64 });
    const proxy = await CuttingProxy.start(server.url);
    const place = await mountSeeded({ args: overRqbit(proxy), ...(uid === undefined ? {} : { uid }) });
    const cut = async () => {
      for (let burst = random.below(5); burst >= 0; burst--) {
        proxy.cut(() => random.chance(0.5));
        await delay(random.below(100));
      }
    };
    // The seeder is not killed: rqbit takes longer to find a lost peer again than readers wait (docs/RQBIT.md).
    await expectRightBytes(place, [stall(server), cut, stall(place.seeder), cut]);
  });
});

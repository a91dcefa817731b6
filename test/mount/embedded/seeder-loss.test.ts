import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent, writePayload } from '../../fixtures/make-torrent.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { CLI, isMounted, LOOPBACK_ONLY, MountProcess } from '../harness/mount-process.ts';
import { run, runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';

const SIZE = 48 * 2 ** 20;
/** Slow enough that a read is under way whenever the test looks. */
const RATE = 6 * 2 ** 20;

/** Waits until process $1 is in read(2) (system call 0) of the file that it opened first (descriptor 3). */
const UNTIL_IT_READS = 'until grep -q "^0 0x3 " /proc/$1/syscall; do sleep 0.05; done';

describe('when the seeder goes away in the middle of a read', () => {
  it('waits 60 s and goes on when it returns; ls and stat answer meanwhile', { timeout: 200_000 }, async () => {
    const swarm = await Swarm.start();
    const reading = swarm.hash();
    await swarm.untilUploaded(SIZE / 4);
    await swarm.seederLeaves();
    const away = delay(60_000); // the absence is the subject of the test
    for (let round = 0; round < 5; round++) {
      await runOk('ls', ['-l', swarm.mount.mountpoint], { timeoutMs: 1000 });
      await runOk('stat', [swarm.mountedFile], { timeoutMs: 1000 });
    }
    await away;
    await swarm.seederReturns();
    expect(await reading).toBe(await swarm.sourceHash());
  });

  it('goes on after each of five short absences', { timeout: 200_000 }, async () => {
    const swarm = await Swarm.start();
    const reading = swarm.hash();
    for (let absence = 1; absence <= 5; absence++) {
      await swarm.untilUploaded((SIZE * absence) / 8);
      await swarm.seederLeaves();
      await delay(2000); // the absence is the subject of the test
      await swarm.seederReturns();
    }
    expect(await reading).toBe(await swarm.sourceHash());
  });

  it('lets go of a reader that is killed, and umount returns within 5 s', async () => {
    const swarm = await Swarm.start();
    await swarm.seederLeaves();
    const reader = spawn('cat', [swarm.mountedFile], { stdio: 'ignore' });
    await runOk('bash', ['-c', UNTIL_IT_READS, 'bash', `${reader.pid}`]);
    const gone = once(reader, 'exit');
    reader.kill('SIGINT');
    await gone;
    const umount = await run(process.execPath, [CLI, 'umount', swarm.mount.mountpoint], { timeoutMs: 5000 });
    expect(umount).toMatchObject({ code: 0 });
    expect(isMounted(swarm.mount.mountpoint)).toBe(false);
    expect(await swarm.mount.stop()).toBe(0); // it was gone when umount returned
  });
});

/** One slow seeder, one mount, one file. */
class Swarm {
  readonly mount: MountProcess;
  readonly mountedFile: string;
  readonly #source: string;
  #seeder: Seeder;
  /** What earlier lives of the seeder uploaded. */
  #uploadedBefore = 0;

  private constructor(parts: { mount: MountProcess; name: string; source: string; seeder: Seeder }) {
    this.mount = parts.mount;
    this.mountedFile = parts.mount.path(parts.name);
    this.#source = parts.source;
    this.#seeder = parts.seeder;
  }

  static async start(): Promise<Swarm> {
    const folder = await scratchFolder();
    const torrent = makeTorrent({ name: 'film.bin', content: patternContent(SIZE, 'loss'), pieceLength: 2 ** 18 });
    const torrentFile = join(folder, 'film.torrent');
    await writeFile(torrentFile, torrent.bytes);
    writePayload(torrent, folder);
    const seeder = await Seeder.start({ torrents: [torrent], payloadDir: folder, rate: RATE });
    const mount = await MountProcess.start({
      sources: [torrentFile],
      mountpoint: join(folder, 'mnt'),
      dataDir: join(folder, 'data'),
      args: [...LOOPBACK_ONLY, '--peer', seeder.address, '--read-timeout', '3m'],
    });
    return new Swarm({ mount, name: torrent.name, source: join(folder, torrent.name), seeder });
  }

  async hash(): Promise<string> {
    return (await runOk('sha256sum', [this.mountedFile], { timeoutMs: 190_000 })).split(' ')[0] ?? '';
  }

  async sourceHash(): Promise<string> {
    return (await runOk('sha256sum', [this.#source])).split(' ')[0] ?? '';
  }

  async untilUploaded(bytes: number): Promise<void> {
    while (this.#uploadedBefore + (await this.#seeder.stats()).uploadedBytes < bytes) await delay(50);
  }

  async seederLeaves(): Promise<void> {
    this.#uploadedBefore += (await this.#seeder.stats()).uploadedBytes;
    await this.#seeder.kill();
  }

  async seederReturns(): Promise<void> {
    this.#seeder = await this.#seeder.again();
  }
}

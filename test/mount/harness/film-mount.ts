import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent, writePayload } from '../../fixtures/make-torrent.ts';
import { Seeder } from '../../swarm/seeder.ts';
import type { MountProcess } from './mount-process.ts';
import { mountTorrents } from './mount-torrents.ts';
import { runOk } from './run.ts';
import { scratchFolder } from './scratch.ts';
import { startWaitingReader } from './waiting-reader.ts';

/** Bytes of the film. */
export const FILM_SIZE = 48 * 2 ** 20;
/** Slow enough that a read is under way whenever the test looks. */
const RATE = 6 * 2 ** 20;

export interface FilmMountOptions {
  /** Options of `mount` that choose the engine, and others. */
  readonly args: readonly string[];
  /** Mounts as this user; root by default. */
  readonly uid?: number;
}

/** One slow seeder, one mount, one film: something of them goes away while the film is read. */
export class FilmMount {
  readonly mount: MountProcess;
  readonly mountedFile: string;
  readonly sourceFile: string;
  readonly dataDir: string;
  #seeder: Seeder;
  /** What earlier lives of the seeder uploaded. */
  #uploadedBefore = 0;

  private constructor(parts: { mount: MountProcess; source: string; seeder: Seeder }) {
    this.mount = parts.mount;
    this.mountedFile = parts.mount.path('film.bin');
    this.sourceFile = parts.source;
    this.dataDir = parts.mount.dataDir;
    this.#seeder = parts.seeder;
  }

  static async start({ args, uid }: FilmMountOptions): Promise<FilmMount> {
    const folder = await scratchFolder();
    const torrent = makeTorrent({ name: 'film.bin', content: patternContent(FILM_SIZE, 'film'), pieceLength: 2 ** 18 });
    writePayload(torrent, folder);
    const seeder = await Seeder.start({ torrents: [torrent], payloadDir: folder, rate: RATE });
    const mount = await mountTorrents([torrent], { args: [...args, '--peer', seeder.address], uid });
    return new FilmMount({ mount, source: join(folder, torrent.name), seeder });
  }

  /** Reads all of the mounted film. */
  async hash(): Promise<string> {
    const command = this.mount.asMounter('sha256sum', [this.mountedFile]);
    return (await runOk(...command, { timeoutMs: 190_000 })).split(' ')[0] ?? '';
  }

  async sourceHash(): Promise<string> {
    return (await runOk('sha256sum', [this.sourceFile])).split(' ')[0] ?? '';
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

  /** A reader that waits for bytes which do not come. */
  waitingReader(): Promise<ChildProcess> {
    return startWaitingReader(this.mountedFile, this.mount.asMounter('cat', [this.mountedFile]));
  }

  /** Fails unless the mount's metadata is there though nobody brings a byte. */
  async listAndStat(): Promise<void> {
    for (const [program, path] of [
      ['ls', this.mount.mountpoint],
      ['stat', this.mountedFile],
    ] as const) {
      await runOk(...this.mount.asMounter(program, ['-L', path]), { timeoutMs: 10_000 });
    }
  }
}

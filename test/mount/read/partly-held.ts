import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { LyingRqbit } from '../../fakes/lying-rqbit.ts';
import type { FakeRqbitTorrent } from '../../fakes/lying-rqbit-torrent.ts';
import { type Content, partOf, patternContent } from '../../fixtures/content.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { type MadeTorrent, makeTorrent, writePayload } from '../../fixtures/make-torrent.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { metricOf } from '../harness/metric.ts';
import { CLI, LOOPBACK_ONLY, MountProcess } from '../harness/mount-process.ts';
import { run, runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';
import type { EngineKind } from '../management/managed-mount.ts';

/** Bytes of a piece: the first of the film is held, and nothing else. */
export const PIECE = 2 ** 18;
export const FILM_SIZE = 16 * PIECE;
const CLIP_SIZE = 4 * PIECE;

const STATUS_POLL = ['--status-poll-interval', '200ms'];

/** What an engine does with the one torrent of {@link PartlyHeld}. */
interface Supply {
  readonly args: readonly string[];
  /** Once the torrent is mounted: sees to it that only the first piece is held, and that nobody brings another. */
  holdFirstPiece(film: string): Promise<void>;
  /** From now on, everything can be had. */
  bringRest(): Promise<void>;
  /** Whether it fetches for somebody, given what it tells of the torrent's state. */
  isFetching(state: string): boolean;
  /** Makes the engine give the torrent up, without touching the film. */
  breakTorrent(at: { readonly dataDir: string; readonly clip: string }): Promise<void>;
}

/**
 * A mount of `show/film.bin` and `show/extras/clip.bin`. The first piece of the film is held; the rest does not come until the
 * test says so. With rqbit it is a server that says what the test wants; with the embedded engine there is a real seeder.
 */
export class PartlyHeld {
  readonly torrent: MadeTorrent;
  readonly folder: string;
  readonly #supply: Supply;
  readonly #args: readonly string[];
  #mount: MountProcess | undefined;

  private constructor(parts: { torrent: MadeTorrent; folder: string; supply: Supply; args: readonly string[] }) {
    this.torrent = parts.torrent;
    this.folder = parts.folder;
    this.#supply = parts.supply;
    this.#args = parts.args;
  }

  /** @param args further options of `mount` */
  static async start(kind: EngineKind, ...args: readonly string[]): Promise<PartlyHeld> {
    const folder = await scratchFolder();
    const whole = patternContent(FILM_SIZE + CLIP_SIZE, 'show');
    const torrent = makeTorrent({
      name: 'show',
      files: [
        { path: 'film.bin', content: partOf(whole, 0, FILM_SIZE) },
        { path: 'extras/clip.bin', content: partOf(whole, FILM_SIZE, CLIP_SIZE) },
      ],
      pieceLength: PIECE,
    });
    writePayload(torrent, folder);
    const supply = await (kind === 'embedded' ? seededSupply(torrent, folder) : servedSupply(torrent, whole));
    const held = new PartlyHeld({ torrent, folder, supply, args });
    await held.#mountIt();
    await supply.holdFirstPiece(held.film);
    return held;
  }

  get mount(): MountProcess {
    if (this.#mount === undefined) throw new Error('not mounted');
    return this.#mount;
  }

  get film(): string {
    return this.mount.path('show', 'film.bin');
  }

  get clip(): string {
    return this.mount.path('show', 'extras', 'clip.bin');
  }

  /** The film, all of it, beside the mount. */
  get source(): string {
    return join(this.folder, 'show', 'film.bin');
  }

  /** Where the embedded engine has a file of the torrent. */
  payload(path: string): string {
    return join(this.folder, 'data', 'torrents', this.torrent.infoHash, 'files', path);
  }

  bringRest(): Promise<void> {
    return this.#supply.bringRest();
  }

  breakTorrent(): Promise<void> {
    return this.#supply.breakTorrent({ dataDir: join(this.folder, 'data'), clip: this.clip });
  }

  /** Ends the mount and mounts the same again. */
  async remount(): Promise<void> {
    await this.mount.stop();
    await this.#mountIt();
  }

  async cli(...args: readonly string[]): Promise<string> {
    return await runOk(process.execPath, [CLI, ...args], { timeoutMs: 30_000 });
  }

  /** See {@link metricOf}. */
  metric(name: string, label?: string): Promise<number> {
    return metricOf(this.mount, name, label);
  }

  /** What the torrent does, as `status.json` tells. */
  async state(): Promise<string> {
    const status = JSON.parse(await runOk('cat', [this.mount.path('.torrent-fuse', 'status.json')]));
    return status.torrents[0].state;
  }

  async untilState(state: string): Promise<void> {
    await eventually(async () => expect(await this.state()).toBe(state));
  }

  /** Until the mount's reader and the engine fetch for somebody, or do not. */
  async untilFetching(isFetching: boolean): Promise<void> {
    await eventually(async () => {
      expect(await this.metric('torrent_fuse_fetches_in_flight')).toBe(isFetching ? 1 : 0);
      expect(this.#supply.isFetching(await this.state())).toBe(isFetching);
    });
  }

  async #mountIt(): Promise<void> {
    const source = join(this.folder, 'show.torrent');
    await writeFile(source, this.torrent.bytes);
    this.#mount = await MountProcess.start({
      sources: [source],
      mountpoint: join(this.folder, 'mnt'),
      dataDir: join(this.folder, 'data'),
      args: [...this.#supply.args, ...STATUS_POLL, ...this.#args],
    });
    await this.#mount.untilListed(['show/film.bin']);
  }
}

async function seededSupply(torrent: MadeTorrent, payloadDir: string): Promise<Supply> {
  const seeder = await Seeder.start({ torrents: [torrent], payloadDir });
  const comeBack = async () => {
    const again = await seeder.again();
    onTestFinished(() => again.stop());
  };
  return {
    args: [...LOOPBACK_ONLY, '--peer', seeder.address],
    async holdFirstPiece(film) {
      await runOk('bash', ['-c', UNTIL_READ, 'bash', film]);
      await seeder.kill();
    },
    bringRest: comeBack,
    isFetching: state => state === 'downloading',
    async breakTorrent({ dataDir, clip }) {
      // The clip cannot be written below what is no folder.
      const extras = join(dataDir, 'torrents', torrent.infoHash, 'files', 'extras');
      await rm(extras, { recursive: true, force: true });
      await writeFile(extras, '');
      await comeBack();
      await run('cat', [clip]);
    },
  };
}

/** Reads once and again through one descriptor until there are bytes: what was missing comes while the file is open. */
const UNTIL_READ =
  'exec 3< "$1"; until dd of=/dev/null bs=64K count=1 status=none <&3 2> /dev/null; do sleep 0.1; done';

async function servedSupply(torrent: MadeTorrent, content: Content): Promise<Supply> {
  const server = await LyingRqbit.start();
  onTestFinished(() => server.stop());
  const served: FakeRqbitTorrent = server.add(torrent.bytes);
  served.content = content;
  return {
    args: ['--engine', 'rqbit', '--rqbit-url', server.url.href],
    async holdFirstPiece() {
      served.hold([0]);
    },
    async bringRest() {
      served.holdAll();
    },
    isFetching: () => server.openStreams > 0, // the rest of the torrent is downloading anyway
    async breakTorrent() {
      served.change('error');
    },
  };
}

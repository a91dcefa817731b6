import { join } from 'node:path';
import type { Content } from '../../fixtures/content.ts';
import { type MadeTorrent, makeTorrent, writePayload } from '../../fixtures/make-torrent.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { metricOf } from '../harness/metric.ts';
import { LOOPBACK_ONLY, type MountProcess } from '../harness/mount-process.ts';
import { mountTorrents } from '../harness/mount-torrents.ts';
import { runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';

export const MiB = 2 ** 20;

export interface OneFileOptions {
  readonly content: Content;
  /** Bytes; a mebibyte when left out. */
  readonly pieceLength?: number;
  /** Options of `mount` that choose the engine; the embedded one when left out. */
  readonly args?: readonly string[];
  /** Further options of `mount`. */
  readonly more?: readonly string[];
  /** Mounts as this user; root by default. */
  readonly uid?: number;
  /** Bytes per second of the seeder; unlimited when left out. */
  readonly rate?: number;
}

/** A mount of one file, of which nothing is held, and a real seeder. */
export class OneFileMount {
  readonly torrent: MadeTorrent;
  readonly mount: MountProcess;
  readonly dataDir: string;
  /** The file as the seeder has it. */
  readonly source: string;
  readonly seeder: Seeder;

  private constructor(parts: { torrent: MadeTorrent; mount: MountProcess; source: string; seeder: Seeder }) {
    this.torrent = parts.torrent;
    this.mount = parts.mount;
    this.dataDir = parts.mount.dataDir;
    this.source = parts.source;
    this.seeder = parts.seeder;
  }

  static async start(options: OneFileOptions): Promise<OneFileMount> {
    const { content, pieceLength = MiB, args = LOOPBACK_ONLY, more = [], uid, rate = 0 } = options;
    const folder = await scratchFolder();
    const torrent = makeTorrent({ name: 'file', content, pieceLength });
    writePayload(torrent, folder);
    const seeder = await Seeder.start({ torrents: [torrent], payloadDir: folder, rate });
    const all = [...args, '--peer', seeder.address, '--status-poll-interval', '200ms', ...more];
    const mount = await mountTorrents([torrent], { args: all, uid });
    return new OneFileMount({ torrent, mount, source: join(folder, torrent.name), seeder });
  }

  get path(): string {
    return this.mount.path(this.torrent.name);
  }

  /** Runs a command that must succeed as the user who mounted. */
  run(command: string, args: readonly string[]): Promise<string> {
    return runOk(...this.mount.asMounter(command, args), { timeoutMs: 100_000 });
  }

  /** READ requests that the process answers meanwhile; those for the metrics, which are a file themselves, are among them. */
  async readsDuring(work: () => Promise<unknown>): Promise<number> {
    const reads = () => metricOf(this.mount, 'torrent_fuse_operations_total', 'operation="READ"');
    const before = await reads();
    await work();
    return (await reads()) - before;
  }
}

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../../fixtures/eventually.ts';
import { RqbitServer } from '../../swarm/rqbit-server.ts';
import { CLI, LOOPBACK_ONLY, MountProcess } from '../harness/mount-process.ts';
import { type Finished, run, runOk, shell } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';

export type EngineKind = 'embedded' | 'rqbit';

/** One row of `status.json`, as far as tests look. */
export interface SeenTorrent {
  readonly name: string;
  readonly info_hash: string;
  readonly state: string;
  readonly mounted: boolean;
}

/** A mount whose torrents come and go, and a folder beside it for what is copied into it. */
export class ManagedMount {
  readonly folder: string;
  readonly server: RqbitServer | undefined;
  readonly #args: readonly string[];
  mount: MountProcess;

  private constructor(parts: {
    folder: string;
    server: RqbitServer | undefined;
    args: readonly string[];
    mount: MountProcess;
  }) {
    this.folder = parts.folder;
    this.server = parts.server;
    this.#args = parts.args;
    this.mount = parts.mount;
  }

  /**
   * @param extraArgs further options, given the path of `watched` beside the mount
   * @param through where the mount finds the rqbit server, if not at its own URL
   */
  static async start(
    kind: EngineKind,
    extraArgs: (watched: string) => readonly string[] = () => [],
    through: (server: URL) => URL | Promise<URL> = server => server,
  ): Promise<ManagedMount> {
    const folder = await scratchFolder();
    const server = kind === 'rqbit' ? await RqbitServer.start() : undefined;
    const url = server && (await through(server.url));
    const engine = url === undefined ? LOOPBACK_ONLY : ['--engine', 'rqbit', '--rqbit-url', url.href];
    const args = [...engine, '--status-poll-interval', '500ms', ...extraArgs(join(folder, 'watched'))];
    return new ManagedMount({ folder, server, args, mount: await mountIn(folder, args) });
  }

  /** After the mount has ended, mounts the same again. */
  async remount(): Promise<void> {
    this.mount = await mountIn(this.folder, this.#args);
  }

  /** Where a file beside the mount is. */
  beside(name: string): string {
    return join(this.folder, name);
  }

  async writeBeside(name: string, content: Uint8Array | string): Promise<string> {
    await writeFile(this.beside(name), content);
    return this.beside(name);
  }

  /** Runs a script of bash in the folder beside the mount, which is `$M`; `torrent-fuse` is the command line. */
  async sh(script: string, timeoutMs?: number): Promise<Finished> {
    const env = { ...process.env, LC_ALL: 'C.UTF-8', M: this.mount.mountpoint };
    return await shell(`torrent-fuse() { '${process.execPath}' '${CLI}' "$@"; }; ${script}`, [], {
      cwd: this.folder,
      env,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  }

  /** The same for what has to succeed. */
  async ok(script: string, timeoutMs?: number): Promise<string> {
    const finished = await this.sh(script, timeoutMs);
    if (finished.code !== 0) throw new Error(`${script}: ${finished.code}\n${finished.stderr}\n${this.mount.output}`);
    return finished.stdout;
  }

  /** The names in the root. */
  async list(): Promise<string[]> {
    return lines(await this.ok('ls -1 "$M"'));
  }

  async torrents(): Promise<readonly SeenTorrent[]> {
    return JSON.parse(await this.ok('cat "$M/.torrent-fuse/status.json"')).torrents;
  }

  async errors(): Promise<{ name: string; errno: string; reason: string }[]> {
    return lines(await this.ok('cat "$M/.torrent-fuse/errors"')).map(line => JSON.parse(line));
  }

  /** The command line, as another process of the same user. */
  async cli(...args: readonly string[]): Promise<Finished> {
    return await run(process.execPath, [CLI, ...args]);
  }

  async cliOk(...args: readonly string[]): Promise<string> {
    return await runOk(process.execPath, [CLI, ...args]);
  }

  /** Until the engine has said something of every torrent in the root. */
  async untilSettled(): Promise<void> {
    await eventually(async () => {
      const unsettled = (await this.torrents()).filter(({ mounted, state }) => mounted && state === 'initializing');
      if (unsettled.length > 0) throw new Error(`still initializing: ${unsettled.map(({ name }) => name)}`);
    }, 60_000);
  }
}

async function mountIn(folder: string, args: readonly string[]): Promise<MountProcess> {
  return await MountProcess.start({ mountpoint: join(folder, 'mnt'), dataDir: join(folder, 'data'), args });
}

function lines(text: string): string[] {
  return text.split('\n').filter(line => line !== '');
}

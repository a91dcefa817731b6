import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { CLI, NOBODY } from '../harness/mount-process.ts';
import { type Finished, type RunOptions, run } from '../harness/run.ts';
import { createScratchFolder } from '../harness/scratch.ts';

export interface CliOptions extends RunOptions {
  /** Runs as `nobody`, through setpriv(1). */
  readonly asNobody?: boolean;
}

/** Runs the built command line to its end, as a user does whose output is not a terminal. */
export function torrentFuse(
  args: readonly string[],
  { asNobody = false, ...options }: CliOptions = {},
): Promise<Finished> {
  const command = [process.execPath, CLI, ...args];
  const [program = '', ...rest] = asNobody ? [...asNobodyCommand, ...command] : command;
  return run(program, rest, { env: cleanEnvironment(), ...options });
}

export const asNobodyCommand = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];

/** Without options of the caller's own. */
export function cleanEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const environment = Object.entries(process.env).filter(
    ([name]) => !/^(TORRENT_FUSE_|XDG_|NO_COLOR|FORCE_COLOR)/.test(name),
  );
  return { ...Object.fromEntries(environment), ...extra };
}

/** A folder with a mount point, a place for data and a torrent that nobody seeds. */
export interface CliScratch {
  readonly folder: string;
  readonly mountpoint: string;
  readonly dataDir: string;
  readonly torrent: string;
  readonly infoHash: string;
  /** Arguments of `mount` that keep it to this folder and this machine. */
  readonly mountArguments: readonly string[];
}

/** Everything is open to ordinary users too. */
export async function cliScratch(name = 'sample'): Promise<CliScratch> {
  const folder = await createScratchFolder();
  const [mountpoint, dataDir, torrent] = [join(folder, 'mnt'), join(folder, 'data'), join(folder, `${name}.torrent`)];
  mkdirSync(mountpoint);
  for (const open of [folder, mountpoint]) chmodSync(open, 0o777);
  const made = makeTorrent({ name, content: Buffer.alloc(100_000, 7) });
  writeFileSync(torrent, made.bytes);
  const mountArguments = ['--engine=embedded', '--no-dht', '--no-trackers', '--no-lsd', `--data-dir=${dataDir}`];
  return { folder, mountpoint, dataDir, torrent, infoHash: made.infoHash, mountArguments };
}

/** The processes whose command line holds that text, ours excepted. Reads /proc only. */
export function processesWith(text: string): Promise<string[]> {
  return run('pgrep', ['-f', '--', text]).then(({ stdout }) =>
    stdout
      .split('\n')
      .filter(pid => pid !== '' && Number(pid) !== process.pid)
      .filter(pid => !readCommandLine(pid).startsWith('pgrep')),
  );
}

function readCommandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

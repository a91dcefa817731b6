import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { resolveMountPoint } from '../fuse/index.ts';
import { defaultDataDir } from '../mount/default-data-dir.ts';
import { prepareDataDir } from '../mount/prepare-data-dir.ts';
import type { CliContext } from './context.ts';
import { CommandError, UsageError } from './errors.ts';
import type { MountRequest } from './mount-request.ts';
import { parseReadyMessage } from './ready-pipe.ts';

/** Where the daemon finds the pipe to us. */
const readyFd = 3;

/**
 * Starts the same command again in a session of its own, and returns when it says that the mount answers. What it logs goes to
 * the log file, by default one in the data directory.
 *
 * @param args the command and all that it was given
 * @throws CommandError what the daemon failed with
 */
export async function startDaemon(request: MountRequest, args: readonly string[], context: CliContext): Promise<void> {
  const logPath = await daemonLogPath(request, context);
  const log = openSync(logPath, 'a', 0o600);
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, [...process.execArgv, context.script, ...daemonArguments(args, logPath)], {
      detached: true,
      stdio: ['ignore', log, log, 'pipe'],
      env: context.environment,
    });
  } finally {
    closeSync(log);
  }
  const lines = await untilReady(child, logPath);
  for (const line of [...lines, `log: ${logPath}`]) context.out.line(line);
  child.unref();
}

async function daemonLogPath({ mountpoint, loaded }: MountRequest, context: CliContext): Promise<string> {
  const { log, engine } = loaded.config;
  if (log.file !== undefined) return log.file;
  const owner = { uid: context.uid, env: context.environment };
  const dataDir = engine.dataDir ?? defaultDataDir(await resolveMountPoint(mountpoint), owner);
  await prepareDataDir(dataDir);
  return join(dataDir, 'torrent-fuse.log');
}

/** The command's own name comes first, then what it was given, which may hold a `--` after which nothing is an option. */
function daemonArguments([command = 'mount', ...given]: readonly string[], logPath: string): string[] {
  const own = ['--log-file', logPath, '--ready-fd', String(readyFd)];
  return [command, ...own, ...given.filter(argument => argument !== '--daemon')];
}

async function untilReady(child: ChildProcess, logPath: string): Promise<readonly string[]> {
  const interrupt = () => void child.kill('SIGTERM');
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    // A pipe, as it was asked for in `stdio`.
    const pipe = child.stdio[readyFd] as Readable;
    const [message] = await Promise.all([text(pipe).then(parseReadyMessage), once(child, 'spawn')]);
    if (message?.kind === 'ready') return message.lines;
    if (message?.kind === 'failed') throw new (message.isUsage ? UsageError : CommandError)(message.message);
    throw new CommandError(`the mount process ended without a word; ${logPath} may say why`);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

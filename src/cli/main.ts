import { fileURLToPath } from 'node:url';
import { CommanderError } from 'commander';
import { ConfigError } from '../config/errors.ts';
import { exitNow } from '../fuse/index.ts';
import type { CliContext } from './context.ts';
import { errorLine } from './error-line.ts';
import { SilentFailure, StuckMountError, UsageError } from './errors.ts';
import { createProgram } from './program.ts';
import { openTerminal } from './terminal.ts';

/** All the exit codes there are. */
const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

const context: CliContext = {
  out: openTerminal(process.stdout, process.env),
  err: openTerminal(process.stderr, process.env),
  environment: process.env,
  directory: process.cwd(),
  uid: process.geteuid?.() ?? 0,
  script: fileURLToPath(import.meta.url),
  loadMount: () => import('../mount/index.ts'),
};

process.exit(exitCodes[await run()]);

async function run(): Promise<keyof typeof exitCodes> {
  try {
    await createProgram(context).parseAsync();
    return 'done';
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 'done';
    report(error);
    // process.exit would wait for the thread that serves the mount.
    if (error instanceof StuckMountError) await exitNow(exitCodes.failed);
    const isUsage = error instanceof CommanderError || error instanceof ConfigError || error instanceof UsageError;
    return isUsage ? 'usage' : 'failed';
  }
}

function report(error: unknown): void {
  // Without arguments commander writes the help to standard error itself.
  const hasSpoken =
    error instanceof SilentFailure || (error instanceof CommanderError && error.code === 'commander.help');
  if (!hasSpoken) context.err.line(errorLine(error));
}

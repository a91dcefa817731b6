import type { CliContext } from '../../src/cli/context.ts';
import { createProgram } from '../../src/cli/program.ts';
import { FakeTerminal } from './fake-terminal.ts';

export interface FakeRun {
  readonly out: string;
  readonly err: string;
  readonly error: unknown;
}

/** A context in which nothing can be mounted. */
export function fakeContext(
  overrides: Partial<CliContext> = {},
): CliContext & { out: FakeTerminal; err: FakeTerminal } {
  return {
    environment: { HOME: '/nonexistent' },
    directory: '/nonexistent',
    uid: 0,
    script: '/nonexistent/main.js',
    loadMount: () => Promise.reject(new Error('no mounting in this test')),
    ...overrides,
    out: new FakeTerminal(),
    err: new FakeTerminal(),
  };
}

/** Runs the command line in this process. */
export async function runCli(args: readonly string[], overrides: Partial<CliContext> = {}): Promise<FakeRun> {
  const context = fakeContext(overrides);
  const error = await createProgram(context)
    .parseAsync(['node', 'torrent-fuse', ...args])
    .then(() => undefined)
    .catch((reason: unknown) => reason);
  return { out: context.out.written, err: context.err.written, error };
}

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { CLI, isMounted } from '../harness/mount-process.ts';
import { run } from '../harness/run.ts';
import { removeScratchFolder } from '../harness/scratch.ts';
import { type CliScratch, cliScratch, torrentFuse } from './cli.ts';

const columns = 110;

let scratch: CliScratch;
/** Of a tmux server for each test: one that was told to end may take a new session with it. */
let socket: string;
let terminals = 0;
beforeAll(async () => {
  scratch = await cliScratch('sample film');
});
beforeEach(() => {
  socket = `torrent-fuse-test-${process.pid}-${++terminals}`;
});
afterEach(async () => {
  await run('tmux', ['-L', socket, 'kill-server']);
  await run('umount', ['-l', scratch.mountpoint]);
});
afterAll(() => removeScratchFolder(scratch.folder));

/** A real terminal of 110 columns and 15 rows in which the command line runs, and a shell after it. */
async function openTerminal(args: readonly string[]): Promise<void> {
  const quoted = [process.execPath, CLI, ...args].map(word => `'${word}'`).join(' ');
  // Ctrl-C is for the program, not for the shell around it.
  const script = `trap : INT; ${quoted}; echo "exit $?"; exec sh`;
  await run('tmux', ['-L', socket, 'new-session', '-d', '-x', String(columns), '-y', '15', 'sh', '-c', script]);
}

async function screen(): Promise<string> {
  return (await run('tmux', ['-L', socket, 'capture-pane', '-p'])).stdout;
}

/** The screen on which all of this is to be seen at once: others may be half drawn. */
async function untilScreen(...patterns: readonly RegExp[]): Promise<string> {
  const look = async () => {
    const shown = await screen();
    for (const pattern of patterns) expect(shown).toMatch(pattern);
    return shown;
  };
  return await vi.waitFor(look, { timeout: 30_000, interval: 200 });
}

async function press(key: string): Promise<void> {
  await run('tmux', ['-L', socket, 'send-keys', key]);
}

async function cursorIsVisible(): Promise<boolean> {
  return (await run('tmux', ['-L', socket, 'display-message', '-p', '#{cursor_flag}'])).stdout.trim() === '1';
}

describe('on a terminal', () => {
  it('mount shows a line for each torrent that is drawn in place, and leaves the terminal as it was', async () => {
    const { mountArguments, torrent, mountpoint } = scratch;
    await openTerminal(['mount', '--quiet', ...mountArguments, torrent, mountpoint]);
    const shown = await untilScreen(
      /^sample film +(idle|initializing) +░{20} +0 % +0 B\/s 0 peers$/m,
      /^Ctrl-C unmounts$/m,
    );
    expect(shown).toContain(`\nready: ${mountpoint}\n`);
    expect(await cursorIsVisible()).toBe(false);
    await press('C-c');
    const after = await untilScreen(/^exit 0$/m);
    expect(after).not.toContain('Ctrl-C unmounts');
    expect(after).not.toContain('sample film');
    expect(await cursorIsVisible()).toBe(true);
    expect(isMounted(mountpoint)).toBe(false);
  });

  it('status --watch shows the mounts, and what becomes of them', async () => {
    const { mountArguments, torrent, mountpoint } = scratch;
    await torrentFuse(['mount', '--daemon', ...mountArguments, torrent, mountpoint]);
    await openTerminal(['status', '--watch', mountpoint]);
    await untilScreen(
      new RegExp(`^${mountpoint} +embedded.* +1 torrent +pid \\d+\n+sample film +(idle|initializing) `, 'm'),
    );
    await press('C-c');
    await untilScreen(/^exit 0$/m);
    expect(await cursorIsVisible()).toBe(true);
    await torrentFuse(['umount', mountpoint]);
  });
});

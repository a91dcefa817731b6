import { chmodSync, readdirSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { CLI } from '../harness/mount-process.ts';
import { run } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';
import { cleanEnvironment, processesWith, torrentFuse } from './cli.ts';

const timeoutMs = 100_000;

/** Where the demo makes its temporary files. */
let folder: string;
beforeEach(async () => {
  folder = await scratchFolder();
  chmodSync(folder, 0o777);
});

async function expectNothingLeft(): Promise<void> {
  expect(readdirSync(folder)).toEqual([]);
  expect(await processesWith(folder)).toEqual([]);
}

describe('the demo', () => {
  it.each([
    ['root', false],
    ['an ordinary user', true],
  ])('passes for %s, step by step, and leaves nothing behind', async (_, asNobody) => {
    const env = cleanEnvironment({ TMPDIR: folder });
    const { code, stdout, stderr } = await torrentFuse(['demo'], { asNobody, env, timeoutMs });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^1\/5 made .*\n2\/5 seeding .*\n3\/5 mounted .*\n4\/5 read .*every SHA-256 is right\n5\/5 unmounted\nThe demo passed\./,
    );
    await expectNothingLeft();
  });

  it('does not mind what the caller has configured', async () => {
    const configured = { TORRENT_FUSE_ENGINE: 'rqbit', TORRENT_FUSE_RQBIT_URL: 'http://127.0.0.1:9' };
    const env = cleanEnvironment({ TMPDIR: folder, ...configured });
    expect(await torrentFuse(['demo'], { env, timeoutMs })).toMatchObject({ code: 0 });
  });

  it('fails with the reason, and leaves nothing behind, where nothing can be mounted', async () => {
    const script = 'mount --bind /dev/null /dev/fuse && exec "$@"';
    const command = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', process.execPath, CLI, 'demo'];
    const env = cleanEnvironment({ TMPDIR: folder });
    const { code, stderr } = await run('unshare', command, { env, timeoutMs });
    expect(stderr).toMatch(/^torrent-fuse: the mount ended before it was ready: torrent-fuse: .*\n$/);
    expect(code).toBe(1);
    await expectNothingLeft();
  });
});

import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CLI } from '../harness/mount-process.ts';
import { run } from '../harness/run.ts';
import { cleanEnvironment, processesWith, torrentFuse } from './cli.ts';

const prefix = 'torrent-fuse-demo-';

describe('the demo', () => {
  it.each([
    ['root', false],
    ['an ordinary user', true],
  ])('passes for %s, step by step, and leaves nothing behind', async (_, asNobody) => {
    const { code, stdout, stderr } = await torrentFuse(['demo'], { asNobody, timeoutMs: 100_000 });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^1\/5 made .*\n2\/5 seeding .*\n3\/5 mounted .*\n4\/5 read .*every SHA-256 is right\n5\/5 unmounted\nThe demo passed\./,
    );
    expect(readdirSync('/tmp').filter(name => name.startsWith(prefix))).toEqual([]);
    expect(await processesWith(prefix)).toEqual([]);
  });

  it('does not mind what the caller has configured', async () => {
    const env = cleanEnvironment({ TORRENT_FUSE_ENGINE: 'rqbit', TORRENT_FUSE_RQBIT_URL: 'http://127.0.0.1:9' });
    expect(await torrentFuse(['demo'], { env, timeoutMs: 100_000 })).toMatchObject({ code: 0 });
  });

  it('fails with the reason, and leaves nothing behind, where nothing can be mounted', async () => {
    const script = 'mount --bind /dev/null /dev/fuse && exec "$@"';
    const command = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', process.execPath, CLI, 'demo'];
    const { code, stderr } = await run('unshare', command, { env: cleanEnvironment(), timeoutMs: 100_000 });
    expect(stderr).toMatch(/^torrent-fuse: the mount ended before it was ready: torrent-fuse: .*\n$/);
    expect(code).toBe(1);
    expect(readdirSync('/tmp').filter(name => name.startsWith(prefix))).toEqual([]);
    expect(await processesWith(prefix)).toEqual([]);
  });
});

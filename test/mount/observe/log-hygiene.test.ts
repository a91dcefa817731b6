import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RepeatLimiter } from '../../../src/observe/repeat-limiter.ts';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { RqbitServer } from '../../swarm/rqbit-server.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { LOOPBACK_ONLY } from '../harness/mount-process.ts';
import { mountTorrents } from '../harness/mount-torrents.ts';
import { run, runOk, shell } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';
import { overRqbit } from '../rqbit/over-rqbit.ts';

const passkey = '0123456789abcdef0123456789abcdef';
const password = 'correct-horse-battery';
const token = 'a-token-that-nobody-guesses';
const film = makeTorrent({
  name: 'film.mkv',
  content: patternContent(2 ** 20, 'film'),
  pieceLength: 256 * 1024,
  outer: { announce: `http://127.0.0.1:9/${passkey}/announce` },
});
const magnet = `magnet:?xt=urn:btih:${'ab'.repeat(20)}&dn=x&tr=${encodeURIComponent(`http://127.0.0.1:9/${passkey}/announce`)}`;
/** Nothing listens there. */
const url = `http://127.0.0.1:9/download?id=7&passkey=${passkey}`;

describe('the log, at debug and all of it', () => {
  test('embedded: has no passkey of a tracker, and no token', async () => {
    expectNoSecret(await logOfABusyMount([...LOOPBACK_ONLY]));
  });

  test('rqbit: has not its password either', async () => {
    const server = await RqbitServer.start({ userpass: `reader:${password}` });
    const env = { TORRENT_FUSE_RQBIT_USER: 'reader', TORRENT_FUSE_RQBIT_PASSWORD: password };
    const log = await logOfABusyMount(overRqbit(server), env);
    expect(log).toContain('GET /torrents');
    expectNoSecret(log);
    expect(log).not.toContain(Buffer.from(`reader:${password}`).toString('base64'));
  });
});

describe('the log at its default level', () => {
  test('tells of torrents, and once that the engine is away and back, however often reads fail meanwhile', async () => {
    const startedAt = performance.now();
    const server = await RqbitServer.start({ persistence: true });
    const { mount, log } = await mountFilm(overRqbit(server, '--read-timeout', '200ms'), {});
    await server.kill();
    const reads = 'for i in {1..60}; do head -c 1 "$1" 2>&1 & done; wait';
    const { stdout } = await shell(reads, [mount.path(film.name)]);
    expect(stdout.match(/error reading/g)?.length).toBe(60);
    const away = 'the engine does not answer; what is held here can still be read';
    await expect.poll(log, { timeout: 60_000 }).toContain(away);
    await server.launch();
    await expect.poll(log, { timeout: 60_000 }).toContain('the engine answers again');
    await mount.stop();
    const lines = (await log())
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { msg: string; level: string });
    const messages = lines.map(({ msg }) => msg);
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'a torrent is in the mount', name: film.name }));
    expect(messages.filter(message => message === away)).toHaveLength(1);
    expect(lines.filter(({ level }) => level === 'debug')).toEqual([]);
    const windows = 1 + Math.ceil((performance.now() - startedAt) / RepeatLimiter.windowMs);
    for (const message of new Set(messages)) {
      const repeats = messages.filter(each => each === message).length;
      expect(repeats, message).toBeLessThanOrEqual(windows * RepeatLimiter.maxPerWindow);
    }
  });
});

function expectNoSecret(log: string): void {
  expect(log).toMatch(/READ #\d+/);
  expect(log).toContain('[redacted]');
  for (const secret of [passkey, password, token]) expect(log).not.toContain(secret);
}

/** Reads, adds what cannot be had, asks over HTTP with the token and with a wrong one; then everything that was written. */
async function logOfABusyMount(engine: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const seeder = await Seeder.start({ torrents: [film] });
  const args = [
    ...engine,
    '--peer',
    seeder.address,
    '--http',
    '127.0.0.1:0',
    '--allow-private-urls',
    '--log-level',
    'debug',
  ];
  const { mount, log } = await mountFilm(args, { ...env, TORRENT_FUSE_HTTP_TOKEN: token });
  await runOk('sha256sum', [mount.path(film.name)]);
  await shell('echo "$2" > "$1/a.magnet"; echo "$3" > "$1/b.magnet"', [mount.mountpoint, magnet, url]);
  for (const presented of [token, `${token}x`]) {
    const answer = await fetch(new URL('/api/status', mount.dashboardUrl), {
      headers: { authorization: `Bearer ${presented}` },
    });
    expect(answer.status).toBe(presented === token ? 200 : 401);
  }
  await expect
    .poll(async () => (await run('cat', [mount.path('.torrent-fuse', 'status.json')])).stdout, { timeout: 30_000 })
    .toMatch(/"pending_urls": ?\[\s*\{[^}]*"error": ?"/);
  await mount.stop();
  return `${await log()}\n${mount.output}`;
}

async function mountFilm(args: readonly string[], env: NodeJS.ProcessEnv) {
  const logFile = join(await scratchFolder(), 'log');
  const mount = await mountTorrents([film], { args: [...args, '--log-format', 'json', '--log-file', logFile], env });
  return { mount, log: () => readFile(logFile, 'utf8') };
}

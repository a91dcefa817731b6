import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { patternContent } from '../../fixtures/content.ts';
import { type MadeTorrent, makeTorrent } from '../../fixtures/make-torrent.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { listeningPorts } from '../harness/listening-ports.ts';
import { CLI, LOOPBACK_ONLY, type MountProcess } from '../harness/mount-process.ts';
import { mountTorrents } from '../harness/mount-torrents.ts';
import { run, runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';

const film = makeTorrent({ name: 'film.mkv', content: patternContent(32 * 2 ** 20, 'film'), pieceLength: 256 * 1024 });
const TOKEN = 'a-token-that-nobody-guesses';

describe('the HTTP server of a mount', () => {
  test('listens only where --http says so', async () => {
    const without = await mountFilm([]);
    const served = await mountFilm(['--http', '127.0.0.1:0']);
    // One is that of the BitTorrent engine.
    expect(listeningPorts(without.pid)).toHaveLength(1);
    expect(listeningPorts(served.pid)).toHaveLength(2);
    expect(listeningPorts(served.pid)).toContain(Number(served.dashboardUrl.port));
  });

  test('is not started on an address for others without a token', async () => {
    const folder = await scratchFolder();
    const args = ['--data-dir', join(folder, 'data'), ...LOOPBACK_ONLY, '--http', '0.0.0.0:0', folder];
    const mounted = await run(process.execPath, [CLI, 'mount', ...args]);
    expect(mounted.code).toBe(1);
    expect(mounted.stderr).toMatch(/0\.0\.0\.0:0 can be reached from other machines and no token is set/);
  });

  test('disturbs no read, whatever comes at it: 1,000 requests at once, large bodies, strangers', async () => {
    const seeder = await Seeder.start({ torrents: [film], rate: 8 * 2 ** 20 });
    const mount = await mountFilm(['--http', '127.0.0.1:0', '--peer', seeder.address]);
    const url = mount.dashboardUrl;
    const reading = run('sha256sum', [mount.path('film.mkv')], { timeoutMs: 110_000 });
    const agent = new Agent({ maxSockets: 300 });
    const large = { 'content-type': 'application/json', 'content-length': '10000000' };
    const statuses = await Promise.all(
      Array.from({ length: 1000 }, (_, index) => {
        if (index % 4 === 1) return statusOf(new URL('/api/torrents', url), { method: 'POST', headers: large, agent });
        if (index % 4 === 2) return statusOf(new URL('/api/status', url), { headers: { host: 'evil.example' }, agent });
        if (index % 4 === 3) return statusOf(url, { headers: { origin: 'http://evil.example' }, agent });
        return statusOf(new URL('/api/status', url), { agent });
      }),
    );
    agent.destroy();
    for (const [index, status] of statuses.entries()) {
      expect(
        [
          [200, 503, 'cut'],
          [413, 'cut'],
          [403, 'cut'],
          [403, 'cut'],
        ][index % 4],
      ).toContain(status);
    }
    expect((await reading).stdout.split(' ')[0]).toBe(sha256(film));
    // Refused until the server has seen that the connections before it are gone.
    await expect.poll(() => statusOf(new URL('/readyz', url), {})).toBe(200);
  });

  test('lets nobody in without the token where there is one, and takes no change from a foreign page', async () => {
    const mount = await mountFilm(['--http', '127.0.0.1:0'], { TORRENT_FUSE_HTTP_TOKEN: TOKEN });
    const url = mount.dashboardUrl;
    const bearer = { authorization: `Bearer ${TOKEN}` };
    for (const path of ['/api/status', '/api/events', '/metrics', `/api/torrents/${film.infoHash}/files`]) {
      expect(await statusOf(new URL(path, url), {}), path).toBe(401);
      expect(await statusOf(new URL(path, url), { headers: { authorization: 'Bearer wrong' } }), path).toBe(401);
    }
    const forget = new URL(`/api/torrents/${film.infoHash}`, url);
    expect(await statusOf(forget, { method: 'DELETE' })).toBe(401);
    for (const foreign of [{ host: 'evil.example' }, { origin: 'http://evil.example' }]) {
      expect(await statusOf(forget, { method: 'DELETE', headers: { ...bearer, ...foreign } })).toBe(403);
    }
    expect(await runOk('ls', [mount.mountpoint])).toContain(film.name);
    expect(await statusOf(forget, { method: 'DELETE', headers: bearer })).toBeLessThan(300);
    expect(await runOk('ls', [mount.mountpoint])).not.toContain(film.name);
  });

  test('takes no body of 10 MB, sent in full by many at once, while a read goes on', async () => {
    const seeder = await Seeder.start({ torrents: [film], rate: 16 * 2 ** 20 });
    const mount = await mountFilm(['--http', '127.0.0.1:0', '--peer', seeder.address]);
    const reading = run('sha256sum', [mount.path('film.mkv')], { timeoutMs: 110_000 });
    const body = Buffer.alloc(10_000_000, 'x');
    const answers = Array.from({ length: 20 }, (_, index) => {
      // Too long for JSON; short enough for a .torrent, and none.
      const type = index % 2 === 0 ? 'application/json' : 'application/x-bittorrent';
      return fetch(new URL('/api/torrents', mount.dashboardUrl), {
        method: 'POST',
        headers: { 'content-type': type },
        body,
      }).then(
        ({ status }) => status,
        () => 'cut' as const,
      );
    });
    for (const answer of await Promise.all(answers)) expect([400, 413, 503, 'cut']).toContain(answer);
    expect((await reading).stdout.split(' ')[0]).toBe(sha256(film));
    const status = await fetch(new URL('/api/status', mount.dashboardUrl));
    expect(await status.json()).toMatchObject({ torrents: [{ info_hash: film.infoHash }] });
  });

  test('shows the metrics that the mount itself has, and promtool likes them', async () => {
    const mount = await mountFilm(['--http', '127.0.0.1:0']);
    const served = await (await fetch(new URL('/metrics', mount.dashboardUrl))).text();
    const own = await runOk('cat', [mount.path('.torrent-fuse', 'metrics')]);
    const names = (text: string) => text.split('\n').filter(line => line.startsWith('# TYPE'));
    expect(names(own)).toEqual(names(served));
    expect(served).toMatch(/^torrent_fuse_torrents\{state="\w+"\} 1$/m);
    for (const thread of ['main', 'fuse', 'engine']) {
      expect(served).toMatch(new RegExp(`^torrent_fuse_thread_cpu_seconds_total\\{thread="${thread}"\\} \\d`, 'm'));
    }
    for (const text of [own, served]) {
      expect(await run('promtool', ['check', 'metrics'], { input: text })).toMatchObject({
        code: 0,
        stdout: '',
        stderr: '',
      });
    }
  });
});

function mountFilm(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<MountProcess> {
  return mountTorrents([film], { args: [...LOOPBACK_ONLY, ...args], env });
}

function sha256({ files: [file] }: MadeTorrent): string {
  const bytes = file?.content.read(0, file.content.size) ?? new Uint8Array();
  return createHash('sha256').update(bytes).digest('hex');
}

/** Sends a head and no body; `cut` when the connection ends without an answer. */
function statusOf(url: URL, options: object): Promise<number | 'cut'> {
  return new Promise(resolve => {
    const outgoing = request(url, options, response => {
      response.resume().once('close', () => resolve(response.statusCode ?? 'cut'));
      if (outgoing.getHeader('content-length') !== undefined) outgoing.destroy();
    });
    outgoing.once('error', () => resolve('cut'));
    if (outgoing.getHeader('content-length') === undefined) outgoing.end();
    else outgoing.flushHeaders();
  });
}

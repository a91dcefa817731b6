import { Agent, get, type IncomingMessage, request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { FakeMountView } from '../../fakes/fake-mount-view.ts';
import { readFigures, torrentFigures } from '../../fakes/mount-snapshot.ts';
import { reservedPort } from '../../swarm/reserved-port.ts';
import { postJson, runServer, TOKEN } from './http-harness.ts';

const hash = '1'.repeat(40);
const torrentBody = (bytes: number) => ({
  headers: { 'content-type': 'application/x-bittorrent', 'content-length': `${bytes}` },
  body: new Uint8Array(bytes),
});

describe('where it listens', () => {
  test.each(['0.0.0.0', '::', '192.0.2.1', 'nas.example'])('%s needs a token', async host => {
    await expect(runServer({ listen: { host, port: 0 } })).rejects.toMatchObject({ code: 'token-needed' });
  });

  test('a token that can be guessed is refused', async () => {
    const started = runServer({ listen: { host: '0.0.0.0', port: 0 }, token: 'hunter2' });
    await expect(started).rejects.toMatchObject({ code: 'token-too-short' });
  });

  test.each(['127.0.0.1', '::1', '[::1]', 'localhost'])('%s needs none', async host => {
    const { send } = await runServer({ listen: { host, port: 0 } });
    expect((await send('GET', '/healthz')).body).toBe('ok\n');
  });

  test('a port that is taken is told with the next step', async () => {
    const { server } = await runServer();
    const port = Number(new URL(server.url).port);
    const again = runServer({ listen: { host: '127.0.0.1', port } });
    await expect(again).rejects.toThrow(/cannot listen on 127\.0\.0\.1:\d+: .*; choose another with --http/);
  });

  test('nothing listens after it was stopped, and its streams have ended', async () => {
    const { server } = await runServer({ listen: { host: '127.0.0.1', port: await reservedPort() } });
    const stream = await new Promise<IncomingMessage>(resolve => get(`${server.url}/api/events`, resolve));
    const ended = new Promise(resolve => stream.resume().on('close', resolve));
    await server.stop();
    await ended;
    await expect(fetch(server.url)).rejects.toThrow();
  });
});

describe('health', () => {
  test('/readyz tells what does not answer', async () => {
    const { send, mount } = await runServer();
    expect((await send('GET', '/readyz')).status).toBe(200);
    mount.ready = { ready: false, mount: 'answers', engine: 'connection refused' };
    expect(await send('GET', '/readyz')).toMatchObject({ status: 503, json: { engine: 'connection refused' } });
  });

  test('/metrics is Prometheus text', async () => {
    const answer = await (await runServer()).send('GET', '/metrics');
    expect(answer.headers['content-type']).toContain('text/plain; version=0.0.4');
    expect(answer.body).toContain('\ntorrent_fuse_engine_up 1\n');
  });
});

describe('the API', () => {
  test('tells of torrents, and why a read waits', async () => {
    const { send, mount } = await runServer();
    mount.torrents = [torrentFigures({ infoHash: hash, name: '<b>', error: 'no space' })];
    const read = { infoHash: hash, fileIndex: 0, handle: 7 };
    mount.shown = {
      reads: readFigures({
        openFiles: [{ ...read, path: 'a/b', length: 1000, position: 10, readAheadEnd: 500 }],
        waiting: [{ ...read, start: 0, endExclusive: 9, sinceMs: 0, lastByteMs: Date.now() - 5000, timeoutMs: 30_000 }],
      }),
    };
    const { json } = await send('GET', '/api/status');
    expect(json).toMatchObject({
      schema_version: 1,
      torrents: [
        {
          info_hash: hash,
          name: '<b>',
          state: 'idle',
          error: 'no space',
          progress_pct: 25,
          progress_bytes: 250,
          peers: 0,
          added_at: '2020-09-13T12:26:40.000Z',
          last_updated: '2023-11-14T22:13:20.000Z',
        },
      ],
      open_files: [{ handle: 7, path: 'a/b', position: 10, read_ahead_end: 500 }],
      waiting_reads: [{ handle: 7, path: 'a/b', situation: 'no-peers', reason: 'there is no peer to fetch from' }],
    });
  });

  test('gives the piece map of a file', async () => {
    const { send, mount } = await runServer();
    mount.torrents = [torrentFigures({ infoHash: hash, pieceCount: 12, totalBytes: 1200 })];
    mount.setBitfield(hash, Uint8Array.of(0xf0, 0x10));
    expect((await send('GET', `/api/files/${hash}/0`)).json).toMatchObject({
      piece_count: 12,
      piece_length: 100,
      bitfield: Buffer.of(0xf0, 0x10).toString('base64'),
      readers: [],
    });
    expect((await send('GET', `/api/files/${hash}/1`)).status).toBe(404);
    expect((await send('GET', `/api/files/${hash}/x`)).status).toBe(400);
    expect((await send('GET', '/api/files/nonsense/0')).status).toBe(400);
  });

  test('lists files in pages', async () => {
    const { send, mount } = await runServer();
    mount.torrents = [torrentFigures({ infoHash: hash })];
    expect((await send('GET', `/api/torrents/${hash}/files`)).json).toMatchObject({
      total: 1,
      files: [{ file_index: 0 }],
    });
    expect((await send('GET', `/api/torrents/${hash}/files?offset=1`)).json).toMatchObject({ total: 1, files: [] });
    expect((await send('GET', `/api/torrents/${hash}/files?limit=100000`)).status).toBe(400);
    expect((await send('GET', `/api/torrents/${'2'.repeat(40)}/files`)).status).toBe(404);
  });

  test('explains a path', async () => {
    const { send, mount } = await runServer();
    mount.torrents = [torrentFigures({ infoHash: hash, name: 'a b', state: 'paused' })];
    const answer = await send('GET', '/api/explain?path=a%20b');
    expect(answer.json).toMatchObject({
      situation: 'paused',
      advice: expect.stringContaining('resume'),
      facts: expect.arrayContaining([{ label: 'engine', text: 'fake, answers' }]),
    });
    expect((await send('GET', '/api/explain?path=c')).status).toBe(404);
    expect((await send('GET', '/api/explain')).status).toBe(400);
  });

  test('adds, pauses, resumes and forgets', async () => {
    const { send, mount } = await runServer();
    const magnet = `magnet:?xt=urn:btih:${hash}`;
    const added = await send('POST', '/api/torrents', postJson({ source: ` ${magnet} ` }));
    expect(added.status).toBe(202);
    expect(mount.added).toEqual([magnet]);
    const infoHash = mount.torrents[0]?.infoHash;
    expect(added.json).toEqual({ info_hash: infoHash });
    expect((await send('POST', `/api/torrents/${infoHash}/pause`)).status).toBe(204);
    expect(mount.torrents[0]?.state).toBe('paused');
    expect((await send('POST', `/api/torrents/${infoHash}/resume`)).status).toBe(204);
    expect((await send('DELETE', `/api/torrents/${infoHash}`)).status).toBe(204);
    expect((await send('DELETE', `/api/torrents/${infoHash}`)).status).toBe(404);
    expect((await send('GET', '/api/status')).json).toMatchObject({ torrents: [] });
  });

  test('takes the bytes of a .torrent file, larger than any other body', async () => {
    const { send, mount } = await runServer();
    expect((await send('POST', '/api/torrents', torrentBody(1 << 20))).status).toBe(202);
    expect(mount.added[0]).toHaveLength(1 << 20);
  });

  test.each(['/etc/passwd', './x.torrent', 'file:///etc/passwd', 'ftp://h/x', 'x'])(
    'does not add %s: not even what the command line would',
    async source => {
      const { send, mount } = await runServer();
      expect((await send('POST', '/api/torrents', postJson({ source }))).status).toBe(400);
      expect(mount.added).toEqual([]);
    },
  );

  test('says why the mount does not add or forget', async () => {
    const { send, mount } = await runServer();
    const failure = (code: string) => Object.assign(new Error(`because ${code}`), { code });
    for (const [code, status] of [
      ['forbidden-address', 400],
      ['duplicate', 409],
      ['bad-source', 400],
      ['too-large', 413],
    ] as const) {
      mount.addError = failure(code);
      const answer = await send('POST', '/api/torrents', postJson({ source: hash }));
      expect(answer).toMatchObject({ status, json: { error: `because ${code}` } });
    }
    mount.torrents = [torrentFigures({ infoHash: hash })];
    mount.busy.add(hash);
    expect((await send('DELETE', `/api/torrents/${hash}`)).status).toBe(409);
  });

  test('does not show what went wrong inside', async () => {
    const { send, mount } = await runServer();
    mount.addError = new Error('at /home/me/secret.ts');
    const answer = await send('POST', '/api/torrents', postJson({ source: hash }));
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain('secret');
  });

  test('changes nothing on a read-only mount', async () => {
    const { send, mount } = await runServer({ mount: new FakeMountView({ readOnly: true }) });
    mount.torrents = [torrentFigures({ infoHash: hash })];
    expect((await send('POST', '/api/torrents', postJson({ source: hash }))).status).toBe(403);
    expect((await send('DELETE', `/api/torrents/${hash}`)).status).toBe(403);
    expect((await send('POST', `/api/torrents/${hash}/pause`)).status).toBe(403);
    expect((await send('GET', '/api/status')).json).toMatchObject({ read_only: true, torrents: [{ state: 'idle' }] });
  });
});

describe('who does not get in', () => {
  const foreign: Record<string, string>[] = [
    { host: 'evil.example' },
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
  ];

  test.each(foreign)('whoever comes with %o', async headers => {
    const { send, mount } = await runServer();
    mount.torrents = [torrentFigures({ infoHash: hash })];
    for (const path of ['/', '/api/status', '/metrics', '/api/events', '/healthz']) {
      expect((await send('GET', path, { headers })).status).toBe(403);
    }
    expect((await send('POST', '/api/torrents', postJson({ source: hash }, headers))).status).toBe(403);
    expect((await send('DELETE', `/api/torrents/${hash}`, { headers })).status).toBe(403);
    expect(mount.added).toEqual([]);
    expect(mount.torrents).toHaveLength(1);
  });

  test('a browser that asks whether another site may', async () => {
    const { send, server } = await runServer();
    const headers = { origin: 'http://evil.example', 'access-control-request-method': 'DELETE' };
    const preflight = await send('OPTIONS', `/api/torrents/${hash}`, { headers });
    expect(preflight.status).toBe(403);
    const own = await send('GET', '/api/status', { headers: { origin: server.url } });
    expect(own.status).toBe(200);
    for (const answer of [preflight, own]) expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('whoever has no token, where there is one', async () => {
    const { send, mount } = await runServer({ listen: { host: '0.0.0.0', port: 0 }, token: TOKEN });
    for (const path of ['/api/status', '/metrics', '/api/events', '/readyz', '/api/explain?path=x', '/nothing']) {
      expect((await send('GET', path)).status).toBe(401);
      expect((await send('GET', path, { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
    }
    expect((await send('POST', '/api/torrents', postJson({ source: hash }))).status).toBe(401);
    expect(mount.added).toEqual([]);
    expect((await send('GET', '/healthz')).status).toBe(200);
    expect((await send('GET', '/')).status).toBe(200);
  });

  test('but whoever has the token does, by header or after a login', async () => {
    const { send } = await runServer({ listen: { host: '0.0.0.0', port: 0 }, token: TOKEN });
    expect((await send('GET', '/api/status', { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200);
    expect((await send('POST', '/api/login', postJson({ token: 'wrong' }))).status).toBe(401);
    const login = await send('POST', '/api/login', postJson({ token: TOKEN }));
    const cookie = String(login.headers['set-cookie']).split(';')[0] ?? '';
    expect((await send('GET', '/api/status', { headers: { cookie } })).status).toBe(200);
  });

  test('a body of 10 MB, which is refused before it is sent', async () => {
    const { server, mount } = await runServer();
    const big = { 'content-type': 'application/json', 'content-length': `${10_000_000}` };
    for (const [method, path] of [
      ['POST', '/api/torrents'],
      ['POST', '/api/login'],
      ['GET', '/api/status'],
      ['DELETE', `/api/torrents/${hash}`],
    ] as const) {
      expect(await statusOfHeadOnly(`${server.url}${path}`, method, big)).toBe(413);
    }
    expect(mount.added).toEqual([]);
  });

  test('a .torrent that is longer than it said it would be', async () => {
    const { server, mount } = await runServer();
    const status = await new Promise(resolve => {
      const headers = { 'content-type': 'application/x-bittorrent', 'transfer-encoding': 'chunked' };
      const upload = request(`${server.url}/api/torrents`, { method: 'POST', headers }, ({ statusCode }) =>
        resolve(statusCode),
      );
      upload.on('error', () => resolve('cut'));
      const chunk = new Uint8Array(1 << 20);
      for (let sent = 0; sent <= 65; sent++) upload.write(chunk);
      upload.end();
    });
    expect([413, 'cut']).toContain(status);
    expect(mount.added).toEqual([]);
  });

  test('the 65th and later of 1,000 requests at once; the mount is looked at a few times', async () => {
    const beganAtMs = performance.now();
    const { send, mount } = await runServer();
    const agent = new Agent({ maxSockets: 200 });
    const answers = await Promise.all(Array.from({ length: 1000 }, () => send('GET', '/api/status', { agent })));
    agent.destroy();
    for (const { status } of answers) expect([200, 503]).toContain(status);
    const quarterSeconds = Math.ceil((performance.now() - beganAtMs) / 250);
    expect(mount.snapshots).toBeLessThanOrEqual(1 + quarterSeconds);
    expect((await send('GET', '/api/status')).status).toBe(200);
  });
});

describe('the page', () => {
  test('comes with headers that keep everything foreign out', async () => {
    const { headers, body } = await (await runServer()).send('GET', '/');
    expect(body).toContain('<title>torrent-fuse</title>');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toMatch(/unsafe|\*|data:|http/);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' });
  });

  test('is not sent again while it has not changed', async () => {
    const { send } = await runServer();
    const { etag } = (await send('GET', '/')).headers;
    expect((await send('GET', '/', { headers: { 'if-none-match': String(etag) } })).status).toBe(304);
  });

  test('is the only thing that is served of the disk', async () => {
    const { send } = await runServer();
    for (const path of [
      '/../package.json',
      '/..%2fhttp%2fhttp-server.ts',
      '/%2e%2e/%2e%2e/package.json',
      '/.',
      '/index.html',
    ]) {
      expect((await send('GET', path)).status).toBe(404);
    }
  });
});

/** Sends the head of a request and no byte of its body. */
function statusOfHeadOnly(url: string, method: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers }, response => {
      resolve(response.statusCode);
      outgoing.destroy();
    });
    outgoing.on('error', reject);
    outgoing.flushHeaders();
  });
}

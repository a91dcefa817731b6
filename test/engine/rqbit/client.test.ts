import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError, type EngineErrorCode, type InfoHash } from '../../../src/engine/index.ts';
import { RqbitClient } from '../../../src/engine/rqbit/client.ts';
import { type Lie, LyingRqbit } from '../../fakes/lying-rqbit.ts';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { reservedPort } from '../../swarm/reserved-port.ts';

const torrent = makeTorrent({ name: 'film.bin', content: patternContent(100_000), pieceLength: 16_384 });
const { signal } = new AbortController();

/** Theirs also while they are away. */
const port = await reservedPort();

let server: LyingRqbit;
let client: RqbitClient;

beforeEach(async () => {
  server = await LyingRqbit.start(port);
  client = clientOf(server.url);
});

afterEach(async () => {
  await client.close();
  await server.stop();
});

function clientOf(url: URL, credentials?: { user: string; password: string }): RqbitClient {
  return new RqbitClient({ url, credentials });
}

async function failureOf(call: Promise<unknown>): Promise<EngineError> {
  const error = await call.then(
    () => undefined,
    reason => reason,
  );
  if (!(error instanceof EngineError)) throw new Error(`expected an EngineError, not ${error}`);
  return error;
}

describe('calls of the rqbit client', () => {
  it('lists all torrents with their stats in one request', async () => {
    server.add(torrent.bytes);
    const rows = await client.list({ signal });
    expect(rows).toMatchObject([{ info_hash: torrent.infoHash, id: 0, total_pieces: 7, stats: { state: 'live' } }]);
    expect(server.requests).toEqual(['GET /torrents?with_stats=true']);
  });

  it('gets the files and the metadata of one', async () => {
    server.add(torrent.bytes);
    expect((await client.details(torrent.infoHash, { signal })).files).toMatchObject([{ length: 100_000 }]);
    expect(Buffer.from(await client.metadata(torrent.infoHash, { signal })).equals(torrent.bytes)).toBe(true);
  });

  it('gets the bits of the pieces, most significant first', async () => {
    server.add(torrent.bytes).hold([0, 6]);
    expect([...(await client.haves(torrent.infoHash, 7, { signal }))]).toEqual([0b1000_0010]);
  });

  it('refuses a bitfield of another number of pieces', async () => {
    server.add(torrent.bytes);
    expect((await failureOf(client.haves(torrent.infoHash, 9, { signal }))).code).toBe('protocol');
  });

  it('adds the bytes of a .torrent with overwrite, peers and a selection', async () => {
    const peers = ['127.0.0.1:1', '[::1]:2'];
    const added = await client.add(torrent.bytes, { peers, onlyFiles: [0], timeoutMs: 1000, signal });
    expect(added.details.info_hash).toBe(torrent.infoHash);
    const query = new URL(server.requests[0]?.split(' ')[1] ?? '', server.url).searchParams;
    expect(Object.fromEntries(query)).toEqual({
      is_url: 'false',
      overwrite: 'true',
      timeout_ms: '1000',
      initial_peers: '127.0.0.1:1,[::1]:2',
      only_files: '0',
    });
  });

  it('selects no file at all', async () => {
    const fake = server.add(torrent.bytes);
    await client.updateOnlyFiles(torrent.infoHash, [], { signal });
    expect(fake.selected.size).toBe(0);
  });

  it('names the option of rqbit that a too large .torrent needs', async () => {
    server.maxUploadBytes = 10;
    const error = await failureOf(client.add(torrent.bytes, { peers: [], timeoutMs: 1000, signal }));
    expect(error.code).toBe('too-large');
    expect(error.message).toContain('--http-api-max-upload-size');
  });

  it('reaches a server below a path', async () => {
    const below = clientOf(new URL('/behind/a/proxy/', server.url));
    server.lie(/^GET \/behind\/a\/proxy\/torrents/, { kind: 'answer', status: 200, body: '{"torrents":[]}' });
    await expect(below.list({ signal })).resolves.toEqual([]);
    await below.close();
  });

  it('ends with the reason of its signal, not with an EngineError', async () => {
    server.lie(/./, { kind: 'silence' });
    const controller = new AbortController();
    const call = client.list({ signal: controller.signal });
    controller.abort(new Error('unmounted'));
    await expect(call).rejects.toThrow('unmounted');
  });
});

describe('credentials', () => {
  it('are sent with every call', async () => {
    server.userpass = 'me:se:cret';
    server.add(torrent.bytes);
    const allowed = clientOf(server.url, { user: 'me', password: 'se:cret' });
    await expect(allowed.list({ signal })).resolves.toHaveLength(1);
    await allowed.close();
  });

  it.each([
    ['missing', undefined],
    ['wrong', { user: 'me', password: 'hunter2' }],
  ])('%s: unauthorized, and no secret in the message', async (_case, credentials) => {
    server.userpass = 'me:secret';
    const denied = clientOf(server.url, credentials);
    const error = await failureOf(denied.list({ signal }));
    await denied.close();
    expect(error.code).toBe('unauthorized');
    expect(error.message).not.toMatch(/secret|hunter2|Basic/);
  });
});

describe('a server that answers wrong', () => {
  const answer = (status: number, body: string, headers = {}): Lie => ({ kind: 'answer', status, body, headers });
  const without = (field: string): Lie => ({
    kind: 'edit',
    edit: json => JSON.parse(JSON.stringify(json, (key, value) => (key === field ? undefined : value))),
  });

  const cases: [string, Lie, EngineErrorCode][] = [
    ['401', answer(401, ''), 'unauthorized'],
    ['404', answer(404, '{"human_readable":"torrent not found"}'), 'not-found'],
    ['412', answer(412, '{"human_readable":"torrent is not live"}'), 'not-ready'],
    ['416', answer(416, '{"human_readable":"bad range"}'), 'bad-range'],
    ['429', answer(429, ''), 'unavailable'],
    ['503', answer(503, 'try later'), 'unavailable'],
    ['500 with JSON', answer(500, '{"human_readable":"oops"}'), 'io'],
    ['500 with text', answer(500, 'oops'), 'io'],
    ['500 with nothing', answer(500, ''), 'io'],
    ['500 for a full disk', answer(500, '{"human_readable":"No space left on device (os error 28)"}'), 'no-space'],
    ['a redirect elsewhere', answer(302, '', { location: 'http://127.0.0.1:1/' }), 'protocol'],
    ['garbage in place of JSON', answer(200, '{"torrents":[}'), 'protocol'],
    ['JSON of another shape', answer(200, '[]'), 'protocol'],
    ['a field that is missing', without('progress_bytes'), 'protocol'],
    ['no HTTP at all', { kind: 'raw', bytes: 'SSH-2.0-OpenSSH_9.7\r\n' }, 'protocol'],
    ['a hang-up', { kind: 'hang-up' }, 'disconnected'],
    ['a body cut short', { kind: 'raw', bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"tor' }, 'disconnected'],
  ];

  it.each(cases)('%s', async (_name, lie, code) => {
    server.add(torrent.bytes);
    server.lie(/GET \/torrents/, lie);
    expect((await failureOf(client.list({ signal }))).code).toBe(code);
  });

  it('and says nothing: read-timeout', async () => {
    server.lie(/./, { kind: 'silence' });
    const impatient = new RqbitClient({ url: server.url, credentials: undefined, timeouts: { headersMs: 100 } });
    expect((await failureOf(impatient.list({ signal }))).code).toBe('read-timeout');
    await impatient.close();
  });

  it('may add fields that nobody knows', async () => {
    server.add(torrent.bytes);
    server.lie(/./, { kind: 'edit', edit: json => ({ ...(json as object), novelty: { deep: [1] } }) });
    await expect(client.list({ signal })).resolves.toHaveLength(1);
  });

  it('cannot bring control characters or endless text into a message', async () => {
    server.lie(/./, answer(500, `\u001b[2J${'x'.repeat(10_000)}\nmore`));
    const { message } = await failureOf(client.list({ signal }));
    expect(message).not.toMatch(/\p{Cc}/u);
    expect(message.length).toBeLessThan(500);
  });
});

describe('a server that is not there', () => {
  it('refuses the connection: network, with a next step', async () => {
    await server.stop();
    const error = await failureOf(client.stats(torrent.infoHash as InfoHash, { signal }));
    expect(error.code).toBe('network');
    expect(error.message).toContain('is rqbit running there?');
    server = await LyingRqbit.start(port);
  });

  it('is waited for until it answers', async () => {
    await server.stop();
    const failures: string[] = [];
    let restarted: Promise<LyingRqbit> | undefined;
    const version = await client.waitForServer({ signal }, error => {
      failures.push(error.code);
      if (failures.length === 2) restarted = LyingRqbit.start(port);
    });
    if (restarted !== undefined) server = await restarted;
    expect(version).toBe('9.0.1');
    expect(failures.slice(0, 2)).toEqual(['network', 'network']);
  });

  it('opens the breaker, and every list looks whether it is back: then nobody waits for the end of the 30 s', async () => {
    await server.stop();
    while (client.figures().breaker !== 'open') await failureOf(client.list({ signal }));
    expect((await failureOf(client.stats(torrent.infoHash, { signal }))).code).toBe('breaker-open');
    expect((await failureOf(client.list({ signal }))).code).toBe('network');
    server = await LyingRqbit.start(port);
    server.add(torrent.bytes);
    expect((await failureOf(client.stats(torrent.infoHash, { signal }))).code).toBe('breaker-open');
    expect(await client.list({ signal })).toHaveLength(1);
    expect(await client.stats(torrent.infoHash, { signal })).toMatchObject({ state: 'live' });
  });

  it('is not waited for when it is no rqbit', async () => {
    server.lie(/./, { kind: 'answer', status: 200, body: '{"server":"other","version":"9.9.9"}' });
    expect((await failureOf(client.waitForServer({ signal }))).code).toBe('protocol');
  });
});

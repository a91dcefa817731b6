import { setMaxListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError, type EngineErrorCode, type FileId } from '../../../src/engine/index.ts';
import { RqbitClient } from '../../../src/engine/rqbit/client.ts';
import type { RqbitStream } from '../../../src/engine/rqbit/rqbit-stream.ts';
import { StreamPool } from '../../../src/engine/rqbit/stream-pool.ts';
import { TorrentHealth } from '../../../src/engine/rqbit/torrent-health.ts';
import { TorrentRestarter } from '../../../src/engine/rqbit/torrent-restarter.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { type Lie, LyingRqbit } from '../../fakes/lying-rqbit.ts';
import type { FakeRqbitTorrent } from '../../fakes/lying-rqbit-torrent.ts';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { reservedPort } from '../../swarm/reserved-port.ts';

/** More than the socket buffers of both sides take in. */
const PIECE = 2 ** 20;
const SIZE = 40 * PIECE - 100;
const content = patternContent(SIZE);
const torrent = makeTorrent({ name: 'film.bin', content, pieceLength: PIECE });
const file: FileId = { infoHash: torrent.infoHash, fileIndex: 0 };
const { signal } = new AbortController();
setMaxListeners(0, signal);
/** The server fails as fast as it can. */
const timings = { retry: { initialMs: 10, maxMs: 200 } };

/** Theirs also while they are away. */
const port = await reservedPort();

let server: LyingRqbit;
let fake: FakeRqbitTorrent;
let client: RqbitClient;
let health: TorrentHealth;
let clock: FakeClock;
let pool: StreamPool;

beforeEach(async () => {
  server = await LyingRqbit.start(port);
  fake = server.add(torrent.bytes);
  fake.content = content;
  fake.holdAll();
  client = new RqbitClient({ url: server.url, credentials: undefined });
  clock = new FakeClock();
  health = new TorrentHealth({ client, logger: silentLogger, clock, restarter: new TorrentRestarter({ client }) });
  const components = { client, logger: silentLogger, clock, health };
  pool = new StreamPool({ ...components, fileLength: async () => SIZE, isHeld: async () => false }, { timings });
});

afterEach(async () => {
  pool.stop();
  await client.close();
  await server.stop();
});

const open = (start: number, endExclusive: number) => pool.open(file, { start, endExclusive, signal });

/** Reads to the end and checks every byte on the way; `wrong` counts those that were not the file's. */
async function readAll(stream: RqbitStream): Promise<number> {
  let bytes = 0;
  for (;;) {
    const position = stream.position;
    const chunk = await stream.read();
    if (chunk === undefined) return bytes;
    expect(Buffer.from(chunk).equals(content.read(position, chunk.byteLength))).toBe(true);
    bytes += chunk.byteLength;
  }
}

async function failureOf(call: Promise<unknown>): Promise<EngineErrorCode> {
  const error = await call.then(
    value => new Error(`expected a failure, not ${value}`),
    reason => reason,
  );
  if (!(error instanceof EngineError)) throw error;
  return error.code;
}

const streamRequests = () => server.requests.filter(request => request.includes('/stream/')).length;

describe('a stream', () => {
  it('delivers exactly the bytes that were asked for', async () => {
    expect(await readAll(open(1000, 500_000))).toBe(499_000);
    expect(streamRequests()).toBe(1);
  });

  it('costs nothing until it is read', async () => {
    open(0, SIZE).close();
    expect(server.requests).toEqual([]);
  });

  it('ends at the end of the file, and asks for nothing beyond it', async () => {
    const stream = open(SIZE - 10, SIZE - 5);
    await readAll(stream);
    stream.extend(SIZE);
    expect(await readAll(stream)).toBe(5);
    await expect(open(SIZE, SIZE).read()).resolves.toBeUndefined();
    expect(await failureOf(open(SIZE - 1, SIZE + 1).read())).toBe('bad-range');
  });

  it('reads on in one request when it is extended again and again', async () => {
    const stream = open(0, PIECE);
    await readAll(stream);
    for (let end = 2; end <= 20; end++) {
      stream.extend(Math.min(SIZE, end * PIECE));
      await readAll(stream);
    }
    expect(stream.position).toBe(20 * PIECE);
    expect(streamRequests()).toBe(2);
  });

  it('does not take more than a little beyond what is wanted', async () => {
    const stream = open(0, 1);
    await stream.read();
    stream.extend(2);
    await stream.read();
    await expect(stream.read()).resolves.toBeUndefined();
    expect(stream.position).toBe(2);
  });

  it('waits for a missing piece and goes on when it comes', async () => {
    fake.loseAll();
    fake.hold([0]);
    const stream = open(PIECE - 10, PIECE + 10);
    expect((await stream.read())?.byteLength).toBe(10);
    const waiting = stream.read();
    fake.hold([1]);
    expect((await waiting)?.byteLength).toBe(10);
  });

  it('rejects a pending read with the reason of its signal, and frees its permit', async () => {
    fake.loseAll();
    const controller = new AbortController();
    const stream = pool.open(file, { start: 0, endExclusive: 10, signal: controller.signal });
    const waiting = stream.read();
    await expect.poll(() => server.openStreams).toBe(1);
    controller.abort(new Error('interrupted'));
    await expect(waiting).rejects.toThrow('interrupted');
    await expect.poll(() => server.openStreams).toBe(0);
  });

  it('rejects a pending read with `stopped` when it is closed', async () => {
    fake.loseAll();
    const stream = open(0, 10);
    const waiting = stream.read();
    await expect.poll(() => server.openStreams).toBe(1);
    stream.close();
    stream.close();
    expect(await failureOf(waiting)).toBe('stopped');
    await expect.poll(() => server.openStreams).toBe(0);
  });

  it('refuses a second reader', async () => {
    fake.loseAll();
    const stream = open(0, 10);
    const first = stream.read().catch(() => {});
    await expect(stream.read()).rejects.toThrow('one caller at a time');
    stream.close();
    await first;
  });
});

describe('HTTP streams', () => {
  it('are used again for a reader who goes on near by', async () => {
    const first = open(0, SIZE);
    await first.read();
    const position = first.position;
    first.close();
    const second = open(position + 1000, position + 200_000);
    expect(await readAll(second)).toBe(199_000);
    expect(streamRequests()).toBe(1);
  });

  it('are not used again for a reader who jumps back or far ahead', async () => {
    const first = open(PIECE * 4, SIZE);
    await first.read();
    first.close();
    expect(await readAll(open(0, 1000))).toBe(1000);
    expect(await readAll(open(SIZE - 1000, SIZE))).toBe(1000);
    expect(streamRequests()).toBe(3);
  });

  it('are not used again when the server has hung up since they were left', async () => {
    server.lie(/\/stream\//, { kind: 'stream', after: 1000, ending: 'stall' });
    const range = { ...file, start: 0, endExclusive: SIZE };
    const request = {
      range,
      fileLength: SIZE,
      reads: undefined,
      priority: () => 0,
      hadTurnInVain: false,
      isHeld: true,
    };
    const left = await pool.connect({ ...request, signal });
    await left.body.ready();
    left.body.take(500);
    left.served();
    pool.release(left);
    await server.stop();
    await expect.poll(() => left.body.isSpent).toBe(true);
    server = await LyingRqbit.start(port);
    expect(await pool.connect({ ...request, signal })).not.toBe(left);
    expect(await pool.connect({ ...request, range: { ...range, start: 600 }, signal })).not.toBe(left);
  });

  it('are closed when nobody came for them, which frees the permits', async () => {
    const stream = open(0, SIZE);
    await stream.read();
    stream.close();
    clock.advance(1500);
    expect(pool.figures()?.open).toBe(1);
    clock.advance(1000);
    await expect.poll(() => server.openStreams).toBe(0);
  });

  it('are closed when their reader rests, and opened again where it stopped', async () => {
    const stream = open(0, SIZE);
    await stream.read();
    clock.advance(6000);
    await expect.poll(() => server.openStreams).toBe(0);
    const position = stream.position;
    expect(await readAll(stream)).toBe(SIZE - position);
  });

  it('of a torrent that is gone are not left to others, so that what was read last stays as it was', async () => {
    const first = open(0, SIZE);
    let last: Uint8Array | undefined;
    do last = await first.read();
    while (first.position % (256 * 1024) > 0);
    const [start, length] = [first.position - (last?.byteLength ?? 0), last?.byteLength ?? 0];
    pool.endStreams(torrent.infoHash);
    expect(await readAll(open(first.position, SIZE))).toBe(SIZE - first.position);
    expect(Buffer.from(last ?? []).equals(content.read(start, length))).toBe(true);
    expect(streamRequests()).toBe(2);
  });

  it('are never more than six, and leave permits for an add, however many readers wait', async () => {
    fake.loseAll();
    const readers = Array.from({ length: 20 }, (_, index) =>
      open(index * PIECE, index * PIECE + 10)
        .read()
        .catch(() => {}),
    );
    await expect.poll(() => server.openStreams).toBe(6);
    const other = makeTorrent({ name: 'other.bin', content: patternContent(100, 'other') });
    await client.add(other.bytes, { peers: [], timeoutMs: 1000, signal });
    expect(server.permits).toBeGreaterThanOrEqual(2);
    fake.holdAll();
    await Promise.all(readers);
  });
});

describe('a server that lies about a stream', () => {
  const cases: [string, Lie, EngineErrorCode][] = [
    ['200 in place of 206', { kind: 'stream', status: 200 }, 'bad-range'],
    ['another Content-Range', { kind: 'stream', headers: { 'content-range': `bytes 1-1000/${SIZE}` } }, 'bad-range'],
    ['another file size', { kind: 'stream', headers: { 'content-range': `bytes 0-999/${SIZE + 1}` } }, 'bad-range'],
    ['no Content-Range', { kind: 'stream', headers: { 'content-range': undefined } }, 'bad-range'],
    ['no Content-Length', { kind: 'stream', headers: { 'content-length': undefined } }, 'protocol'],
    [
      'a longer body',
      { kind: 'stream', headers: { 'content-length': '1005' }, extra: Buffer.from('wrong') },
      'protocol',
    ],
    ['a compressed body', { kind: 'stream', headers: { 'content-encoding': 'gzip' } }, 'protocol'],
    ['401', { kind: 'answer', status: 401, body: '' }, 'unauthorized'],
    ['404', { kind: 'answer', status: 404, body: '' }, 'not-found'],
    ['416', { kind: 'answer', status: 416, body: '{"human_readable":"bad range"}' }, 'bad-range'],
    ['a redirect elsewhere', { kind: 'answer', status: 307, body: '', headers: { location: '/x' } }, 'protocol'],
    ['no HTTP at all', { kind: 'raw', bytes: 'SSH-2.0-OpenSSH_9.7\r\n' }, 'protocol'],
  ];

  it.each(cases)('%s: fails at once, without a byte', async (_name, lie, code) => {
    server.lie(/\/stream\//, lie);
    const stream = open(0, 1000);
    expect(await failureOf(stream.read())).toBe(code);
    expect(stream.position).toBe(0);
    expect(streamRequests()).toBe(1);
  });

  it('bytes after the announced ones are not delivered', async () => {
    const head = `HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-9/${SIZE}\r\ncontent-length: 10\r\n\r\n`;
    server.lie(/\/stream\//, {
      kind: 'raw',
      bytes: Buffer.concat([Buffer.from(head), content.read(0, 10), Buffer.from('wrong')]),
    });
    expect(await readAll(open(0, 10))).toBe(10);
  });

  it.each(['oops', '{"human_readable":"oops"}', ''])(
    '500 with %j from a live torrent: tried five times, then io',
    async body => {
      server.lie(/\/stream\//, { kind: 'answer', status: 500, body });
      expect(await failureOf(open(0, 1000).read())).toBe('io');
      expect(streamRequests()).toBe(5);
    },
  );
});

describe('a server in trouble', () => {
  const passing: [string, Lie][] = [
    ['a body cut short', { kind: 'stream', after: 100_000, ending: 'hang-up' }],
    ['a hang-up before the headers', { kind: 'hang-up' }],
    ['503', { kind: 'answer', status: 503, body: '' }],
    ['412', { kind: 'answer', status: 412, body: '' }],
    ['500', { kind: 'answer', status: 500, body: 'oops' }],
  ];

  it.each(passing)('%s: the stream is taken up where it broke', async (_name, lie) => {
    server.lie(/\/stream\//, lie, 2);
    expect(await readAll(open(0, 300_000))).toBe(300_000);
    expect(streamRequests()).toBe(3);
  });

  it('goes away and comes back: the read waits and goes on', async () => {
    const stream = open(0, SIZE);
    await stream.read();
    await server.stop();
    const rest = readAll(stream);
    server = await LyingRqbit.start(port);
    fake = server.add(torrent.bytes);
    fake.content = content;
    fake.state = 'initializing';
    await expect.poll(streamRequests).toBeGreaterThan(0);
    fake.state = 'live';
    fake.holdAll();
    await rest;
    expect(stream.position).toBe(SIZE);
  });

  it('never answers: the read waits until it is told not to', async () => {
    server.lie(/\/stream\//, { kind: 'silence' });
    const stream = open(0, 10);
    const waiting = stream.read();
    await expect.poll(streamRequests).toBe(1);
    stream.close();
    expect(await failureOf(waiting)).toBe('stopped');
  });

  it('stalls in mid-body: what came is delivered, the rest waited for', async () => {
    server.lie(/\/stream\//, { kind: 'stream', after: 1000, ending: 'stall' });
    const stream = open(0, 5000);
    expect((await stream.read())?.byteLength).toBe(1000);
    const waiting = stream.read();
    stream.close();
    expect(await failureOf(waiting)).toBe('stopped');
    expect(stream.position).toBe(1000);
  });
});

describe('a torrent that fetches while a stream of it waits', () => {
  it('shows as a sign of life of the stream, but not for ever', async () => {
    fake.loseAll();
    const stream = open(0, 10);
    const waiting = failureOf(stream.read());
    await expect.poll(() => server.openStreams).toBe(1);
    const statsRequests = () => server.requests.filter(request => request.includes('/stats')).length;
    /** An answer is used again for a second. */
    const untilAskedAgain = async () => {
      const asked = statsRequests();
      await expect.poll(() => statsRequests() > asked || void clock.advance(2000)).toBe(true);
    };
    await untilAskedAgain();
    fake.fetchedBytes += 16_384;
    await untilAskedAgain();
    await expect.poll(() => stream.uncheckedBytes).toBe(1);
    for (let more = 0; more < 2; more++) {
      fake.fetchedBytes += 2 ** 28;
      await untilAskedAgain();
    }
    await untilAskedAgain();
    expect(stream.uncheckedBytes).toBe(1);
    stream.close();
    expect(await waiting).toBe('stopped');
  });
});

describe('a torrent whose missing pieces nobody fetches', () => {
  const cases: [string, () => void, EngineErrorCode][] = [
    ['paused', () => fake.change('paused'), 'paused'],
    ['in error', () => fake.change('error'), 'torrent-error'],
    ['forgotten', () => server.torrents.clear(), 'not-found'],
  ];

  it.each(cases)('%s: a reader who waits is told', async (_name, change, code) => {
    fake.loseAll();
    const waiting = failureOf(open(0, 10).read());
    await expect.poll(() => server.openStreams).toBe(1);
    change();
    clock.advance(2000);
    expect(await waiting).toBe(code);
  });

  it('paused: pieces that are held are delivered', async () => {
    fake.state = 'paused';
    expect(await readAll(open(0, 1000))).toBe(1000);
  });

  it('paused when it was last listed: a new reader is told long before a stream counts as stalled', async () => {
    fake.loseAll();
    fake.change('paused');
    health.listed(file.infoHash, { state: 'paused' });
    const waiting = failureOf(open(0, 10).read());
    await expect.poll(() => server.openStreams).toBe(1);
    clock.advance(200);
    expect(await waiting).toBe('paused');
  });

  it('in error: a new reader is told at once', async () => {
    fake.state = 'error';
    expect(await failureOf(open(0, 10).read())).toBe('torrent-error');
  });
});

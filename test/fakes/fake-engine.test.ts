import { describe, expect, it } from 'vitest';
import { EngineError, type FileId } from '../../src/engine/index.ts';
import { FakeEngine } from './fake-engine.ts';

const signal = new AbortController().signal;
const KiB = 1 << 10;

function setUp(options = { length: 1000 * KiB, pieceLength: 64 * KiB }) {
  const engine = new FakeEngine();
  const torrent = engine.addTorrent(options);
  const file: FileId = { infoHash: torrent.infoHash, fileIndex: 0 };
  return { engine, torrent, file };
}

async function drain(stream: { read(): Promise<Uint8Array | undefined> }): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await stream.read(); chunk !== undefined; chunk = await stream.read())
    chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

describe('a stream of the fake engine', () => {
  it('gives the bytes of its range and fetches only the pieces it spans', async () => {
    const { engine, torrent, file } = setUp();
    const stream = engine.open(file, { start: 70 * KiB, endExclusive: 200 * KiB, signal });
    expect(Buffer.compare(await drain(stream), torrent.fileBytes(0).subarray(70 * KiB, 200 * KiB))).toBe(0);
    expect(torrent.fetchedBytes).toBe(3 * 64 * KiB);
    stream.close();
    expect(engine.openStreams.size).toBe(0);
  });

  it('takes back what it lent when it is read again', async () => {
    const { engine, torrent, file } = setUp();
    const stream = engine.open(file, { start: 0, endExclusive: 128 * KiB, signal });
    const first = (await stream.read()) ?? new Uint8Array();
    const right = torrent.fileBytes(0).subarray(0, first.length);
    expect(Buffer.compare(first, right)).toBe(0);
    await stream.read();
    expect(Buffer.compare(first, right)).not.toBe(0);
    expect(Buffer.compare(torrent.fileBytes(0).subarray(0, first.length), right)).toBe(0);
    stream.close();
  });

  it('fetches nothing before its first read, and then ahead of its reads', async () => {
    const { engine, torrent, file } = setUp();
    const stream = engine.open(file, { start: 0, endExclusive: 300 * KiB, signal });
    await engine.latency();
    expect(torrent.fetchedBytes).toBe(0);
    await stream.read();
    while (torrent.fetchedBytes < 5 * 64 * KiB) await engine.latency();
    await engine.latency();
    expect(torrent.fetchedBytes).toBe(5 * 64 * KiB);
    stream.close();
  });

  it('waits while there is no peer, and goes on when one comes', async () => {
    const { engine, torrent, file } = setUp();
    torrent.peers = 0;
    const stream = engine.open(file, { start: 0, endExclusive: 10, signal });
    const read = stream.read();
    await engine.latency();
    torrent.peers = 1;
    expect(await read).toEqual(torrent.payload.slice(0, 10));
  });

  it('delivers up to a stall, and the rest when it is lifted', async () => {
    const { engine, torrent, file } = setUp();
    const stall = engine.stallAt(file, 1000);
    const stream = engine.open(file, { start: 0, endExclusive: 2000, signal });
    expect(await stream.read()).toHaveLength(1000);
    const rest = stream.read();
    await stall.reached;
    stall.lift();
    expect(await rest).toEqual(torrent.payload.slice(1000, 2000));
  });

  it('fails once at a cut', async () => {
    const { engine, file } = setUp();
    engine.cutAt(file, 1000);
    const stream = engine.open(file, { start: 0, endExclusive: 2000, signal });
    expect(await stream.read()).toHaveLength(1000);
    await expect(stream.read()).rejects.toMatchObject({ code: 'disconnected' });
    expect(engine.openStreams.size).toBe(0);
    expect(await drain(engine.open(file, { start: 1000, endExclusive: 2000, signal }))).toHaveLength(1000);
  });

  it('serves what a paused torrent holds, and refuses the rest at once', async () => {
    const { engine, torrent, file } = setUp();
    torrent.hold(0);
    torrent.setState('paused');
    const stream = engine.open(file, { start: 0, endExclusive: 65 * KiB, signal });
    expect(await stream.read()).toHaveLength(64 * KiB);
    await expect(stream.read()).rejects.toMatchObject({ code: 'paused' });
  });

  it('rejects a pending read when it is closed, and with the reason when its signal fires', async () => {
    const { engine, torrent, file } = setUp();
    torrent.peers = 0;
    const closed = engine.open(file, { start: 0, endExclusive: 10, signal });
    const pending = closed.read();
    closed.close();
    await expect(pending).rejects.toMatchObject({ code: 'stopped' });

    const controller = new AbortController();
    const aborted = engine.open(file, { start: 0, endExclusive: 10, signal: controller.signal });
    const interrupted = aborted.read();
    controller.abort(new Error('Ctrl-C'));
    await expect(interrupted).rejects.toThrow('Ctrl-C');
    expect(engine.openStreams.size).toBe(0);
  });
});

describe('the fake engine', () => {
  it('fails the call that the test named, and only that one', async () => {
    const { engine } = setUp();
    engine.failCall('list', 2, new EngineError('unavailable', 'gone'));
    await engine.list({ signal });
    await expect(engine.list({ signal })).rejects.toMatchObject({ code: 'unavailable' });
    expect(await engine.list({ signal })).toHaveLength(1);
  });

  it('resolves a magnet when the swarm has the torrent', async () => {
    const engine = new FakeEngine();
    const { infoHash } = new FakeEngine().publish({ length: 10 });
    const source = { kind: 'magnet', uri: '', infoHash, displayName: undefined, peers: [] } as const;
    const added = engine.add(source, { signal, peers: [] });
    await engine.latency();
    expect(await engine.list({ signal })).toEqual([]);
    engine.publish({ length: 10 });
    expect(await added).toBe(infoHash);
    expect(await engine.list({ signal })).toMatchObject([{ infoHash, totalBytes: 10 }]);
  });

  it('forgets a torrent and keeps its pieces, or deletes both', async () => {
    const { engine, torrent } = setUp();
    torrent.holdAll();
    await engine.forget(torrent.infoHash, { signal });
    expect(torrent.heldCount).toBe(torrent.details.pieceCount);
    expect(await engine.list({ signal })).toEqual([]);
    const source = { kind: 'metainfo', infoHash: torrent.infoHash, bytes: torrent.metainfo } as const;
    await engine.add(source, { signal, peers: [] });
    await engine.delete(torrent.infoHash, { signal });
    expect(torrent.heldCount).toBe(0);
  });
});

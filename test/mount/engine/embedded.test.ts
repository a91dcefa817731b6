import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Engine, stateOf } from '../../../src/engine/index.ts';
import { drain, heldPieces, readAll, rowIn, untilState } from '../../contract/engine-calls.ts';
import { type Content, patternContent, sparseContent } from '../../fixtures/content.ts';
import { type MadeTorrent, makeTorrent, writePayload } from '../../fixtures/make-torrent.ts';
import { startEngine, temporaryFolder } from '../../swarm/built-engine.ts';
import { reservedPort } from '../../swarm/reserved-port.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { run, runOk } from '../harness/run.ts';
import { stallEngine } from '../management/stalled-engine.ts';

const signal = new AbortController().signal;
const MiB = 2 ** 20;

async function add(engine: Engine, torrent: MadeTorrent, peers: readonly string[] = []): Promise<void> {
  await engine.add({ kind: 'metainfo', infoHash: torrent.infoHash, bytes: torrent.bytes }, { peers, signal });
}

function streamOf(
  engine: Engine,
  torrent: MadeTorrent,
  range: { fileIndex?: number; start?: number; end?: number } = {},
) {
  const { fileIndex = 0, start = 0, end = contentOf(torrent, fileIndex).size } = range;
  return engine.open({ infoHash: torrent.infoHash, fileIndex }, { start, endExclusive: end, signal });
}

function contentOf(torrent: MadeTorrent, fileIndex: number): Content {
  const content = torrent.files[fileIndex]?.content;
  if (content === undefined) throw new Error(`no file ${fileIndex}`);
  return content;
}

async function expectRight(engine: Engine, torrent: MadeTorrent): Promise<void> {
  for (const [fileIndex, { content, path }] of torrent.files.entries()) {
    const bytes = await readAll(streamOf(engine, torrent, { fileIndex }));
    expect(bytes.equals(content.read(0, content.size)), path).toBe(true);
  }
}

async function uploaded(seeder: Seeder): Promise<number> {
  return (await seeder.stats()).uploadedBytes;
}

/** A file inside the engine's folder for the torrent. */
function payloadFile(dataDir: string, torrent: MadeTorrent, path: string): string {
  return join(dataDir, 'torrents', torrent.infoHash, 'files', path);
}

describe('what is fetched', () => {
  test('for the first 64 KiB of a large file is a piece or two', async () => {
    const torrent = makeTorrent({ name: 'big', content: sparseContent(2 ** 30, []), pieceLength: MiB });
    const seeder = await Seeder.start({ torrents: [torrent] });
    const { engine } = await startEngine({ peers: [seeder.address] });
    await add(engine, torrent);
    expect(await readAll(streamOf(engine, torrent, { end: 65_536 }))).toHaveLength(65_536);
    expect(await heldPieces(engine, torrent.infoHash)).toEqual([0]);
    expect(await uploaded(seeder)).toBeLessThanOrEqual(4 * MiB);
  });

  test('when a window is given up half way stays far below the window', async () => {
    const torrent = makeTorrent({ name: 'big', content: patternContent(64 * MiB), pieceLength: MiB });
    const seeder = await Seeder.start({ torrents: [torrent], rate: 2 * MiB });
    const { engine } = await startEngine();
    await add(engine, torrent, [seeder.address]);
    const stream = streamOf(engine, torrent, { end: 32 * MiB });
    await stream.read();
    stream.close();
    const far = streamOf(engine, torrent, { start: 50 * MiB, end: 50 * MiB + 10 });
    await readAll(far);
    expect(await uploaded(seeder)).toBeLessThan(16 * MiB);
  });

  test('without a stream is what somebody wants ahead, and no more', async () => {
    const torrent = makeTorrent({ name: 'ahead', content: patternContent(4 * MiB), pieceLength: 65_536 });
    const seeder = await Seeder.start({ torrents: [torrent] });
    const { engine } = await startEngine();
    await add(engine, torrent, [seeder.address]);
    engine.fetchAhead?.(torrent.infoHash, [
      { start: 70_000, endExclusive: 140_000 },
      { start: 2 * MiB, endExclusive: 2 * MiB + 1 },
    ]);
    await expect.poll(() => heldPieces(engine, torrent.infoHash)).toEqual([1, 2, 32]);
    expect(await uploaded(seeder)).toBeLessThanOrEqual(3 * 65_536);
  });

  test('leaves whole files in a state that is told, until somebody else writes to them', async () => {
    const torrent = makeTorrent({ name: 'whole', content: patternContent(3 * 65_536), pieceLength: 65_536 });
    const seeder = await Seeder.start({ torrents: [torrent] });
    const { engine, dataDir } = await startEngine();
    await add(engine, torrent, [seeder.address]);
    const file = { infoHash: torrent.infoHash, fileIndex: 0 };
    await readAll(streamOf(engine, torrent, { end: 65_536 }));
    expect((await engine.localFile(file, { signal }))?.checkedState).toBeUndefined();
    await readAll(streamOf(engine, torrent));
    const path = payloadFile(dataDir, torrent, 'whole');
    const told = async () => (await engine.localFile(file, { signal }))?.checkedState;
    await expect.poll(told).toBe(await stateOf(path));
    await expect
      .poll(async () => {
        await writeFile(path, 'theirs', { flag: 'r+' }); // within milliseconds of ours it may show the same time
        return (await told()) === (await stateOf(path));
      })
      .toBe(false);
  });

  test('is everything, in the end, when all is wanted', async () => {
    const torrent = makeTorrent({ name: 'all', content: patternContent(5 * MiB), pieceLength: 65_536 });
    const seeder = await Seeder.start({ torrents: [torrent] });
    const { engine } = await startEngine({ downloadAll: true });
    await add(engine, torrent, [seeder.address]);
    const pieces = await engine.pieces(torrent.infoHash, { signal });
    await expect.poll(() => pieces.heldCount).toBe(pieces.pieceCount);
    expect((await engine.list({ signal }))[0]).toMatchObject({ wantsMore: false, fetchedBytes: 5 * MiB });
    await expectRight(engine, torrent);
  });

  test('stops when a torrent is no longer wanted whole', async () => {
    const torrent = makeTorrent({ name: 'all', content: patternContent(20 * MiB), pieceLength: 65_536 });
    const seeder = await Seeder.start({ torrents: [torrent], rate: MiB });
    const { engine } = await startEngine();
    await add(engine, torrent, [seeder.address]);
    await engine.setFileWishes?.(
      torrent.infoHash,
      { wanted: [{ first: 0, endExclusive: 1 }], unwanted: [] },
      { signal },
    );
    const pieces = await engine.pieces(torrent.infoHash, { signal });
    await expect.poll(() => pieces.heldCount).toBeGreaterThan(0);
    await engine.setFileWishes?.(torrent.infoHash, { wanted: [], unwanted: [] }, { signal });
    expect((await engine.list({ signal }))[0]?.wantsMore).toBe(false);
    await readAll(streamOf(engine, torrent, { start: 19 * MiB, end: 19 * MiB + 1 }));
    expect(pieces.heldCount).toBeLessThan(pieces.pieceCount / 2);
  });
});

test('names that other programs take for one keep their own bytes, over a restart too', async () => {
  const paths = ['a?b.bin', 'ab.bin', 'sub/a?b.bin'];
  const names = makeTorrent({
    name: 'names',
    files: paths.map(path => ({ path, content: patternContent(50_000, path) })),
  });
  const twins = ['one', 'two'].map(seed => makeTorrent({ name: 'same', content: patternContent(100_000, seed) }));
  const torrents = [names, ...twins];
  const dataDir = await temporaryFolder();
  const seeder = await Seeder.start({ torrents });
  const first = await startEngine({ dataDir });
  for (const torrent of torrents) await add(first.engine, torrent, [seeder.address]);
  for (const torrent of torrents) await expectRight(first.engine, torrent);
  await first.close();
  await seeder.stop();
  const { engine } = await startEngine({ dataDir });
  for (const torrent of torrents) await untilState(engine, torrent.infoHash, 'live');
  for (const torrent of torrents) await expectRight(engine, torrent);
});

describe.each(['forget', 'delete'] as const)('a torrent that is added while it is not over with %s', command => {
  test('stays, with what is read of it', async () => {
    const torrent = makeTorrent({
      name: 'again',
      content: patternContent(3 * MiB),
      pieceLength: 65_536,
      outer: { announce: `http://${await listenMutely()}/announce` }, // leaving it takes as long as we give it
    });
    const seeder = await Seeder.start({ torrents: [torrent], rate: MiB });
    const dataDir = await temporaryFolder();
    const first = await startEngine({ dataDir, trackers: true });
    await add(first.engine, torrent, [seeder.address]);
    await readAll(streamOf(first.engine, torrent, { end: 65_536 }));
    const given = new AbortController();
    const removal = first.engine[command](torrent.infoHash, { signal: given.signal });
    given.abort();
    await expect(removal).rejects.toThrow();
    await add(first.engine, torrent, [seeder.address]);
    await expectRight(first.engine, torrent);
    await first.close();
    const { engine } = await startEngine({ dataDir });
    await untilState(engine, torrent.infoHash, 'live');
    expect((await rowIn(engine, torrent.infoHash))?.progressBytes).toBe(3 * MiB);
  });
});

describe('a restart', () => {
  test('keeps torrents, pieces and what was paused, and fetches nothing again', async () => {
    const torrents = ['kept', 'paused'].map(name =>
      makeTorrent({ name, content: patternContent(3 * MiB, name), pieceLength: 65_536 }),
    );
    const [kept, paused] = torrents as [MadeTorrent, MadeTorrent];
    const dataDir = await temporaryFolder();
    const seeder = await Seeder.start({ torrents });
    const first = await startEngine({ dataDir });
    for (const torrent of torrents) await add(first.engine, torrent, [seeder.address]);
    await readAll(streamOf(first.engine, kept, { end: 65_536 * 3 }));
    await readAll(streamOf(first.engine, paused, { end: 65_536 * 2 }));
    await first.engine.pause(paused.infoHash, { signal });
    await first.close();
    const before = await uploaded(seeder);
    const { engine } = await startEngine({ dataDir });
    await untilState(engine, kept.infoHash, 'live');
    await untilState(engine, paused.infoHash, 'paused');
    expect(await heldPieces(engine, kept.infoHash)).toEqual([0, 1, 2]);
    expect(await heldPieces(engine, paused.infoHash)).toEqual([0, 1]);
    expect(await uploaded(seeder)).toBe(before);
    // The peers that it was added with are remembered.
    await expectRight(engine, kept);
  });

  test('after a kill -9 has lost neither torrent nor piece', async () => {
    const torrent = makeTorrent({ name: 'killed', content: patternContent(3 * MiB), pieceLength: 65_536 });
    const dataDir = await temporaryFolder();
    const seeder = await Seeder.start({ torrents: [torrent] });
    const torrentFile = join(dataDir, 'killed.torrent');
    await writeFile(torrentFile, torrent.bytes);
    const script = fileURLToPath(new URL('../../swarm/engine-child.mjs', import.meta.url));
    const child = spawn(process.execPath, [script, dataDir, torrentFile, seeder.address, String(65_536 * 3)]);
    child.stderr.pipe(process.stderr);
    await once(child.stdout, 'data');
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    const { engine } = await startEngine({ dataDir });
    await untilState(engine, torrent.infoHash, 'live');
    expect(await heldPieces(engine, torrent.infoHash)).toEqual([0, 1, 2]);
    await expectRight(engine, torrent);
  });

  test('finds a byte that was changed on disk, and fetches its piece again', async () => {
    const torrent = makeTorrent({ name: 'rotten', content: patternContent(2 * MiB), pieceLength: 65_536 });
    const dataDir = await temporaryFolder();
    const seeder = await Seeder.start({ torrents: [torrent] });
    const first = await startEngine({ dataDir });
    await add(first.engine, torrent, [seeder.address]);
    await expectRight(first.engine, torrent);
    await first.close();
    const file = await open(payloadFile(dataDir, torrent, 'rotten'), 'r+');
    await file.write(Buffer.from([0]), 0, 1, 65_536 * 5 + 7);
    await file.write(Buffer.from([1]), 0, 1, 65_536 * 5 + 8);
    await file.close();
    const { engine } = await startEngine({ dataDir });
    await untilState(engine, torrent.infoHash, 'live');
    expect((await engine.pieces(torrent.infoHash, { signal })).has(5)).toBe(false);
    expect((await engine.pieces(torrent.infoHash, { signal })).heldCount).toBe(31);
    await expectRight(engine, torrent);
    expect((await engine.list({ signal }))[0]?.fetchedBytes).toBe(65_536);
  });

  test('of a sparse file of 4.5 GiB finds what was read of it', async () => {
    const size = 4.5 * 2 ** 30;
    const marks = [2 ** 31 - 500, 2 ** 32 - 500, size - 1000].map(offset => ({
      offset,
      bytes: patternContent(1000, String(offset)).read(0, 1000),
    }));
    const torrent = makeTorrent({ name: 'huge', content: sparseContent(size, marks), pieceLength: 4 * MiB });
    const dataDir = await temporaryFolder();
    const seeder = await Seeder.start({ torrents: [torrent] });
    const readMarks = async (engine: Engine) => {
      for (const { offset, bytes } of marks) {
        const read = await readAll(streamOf(engine, torrent, { start: offset, end: offset + 1000 }));
        expect(read.equals(bytes)).toBe(true);
      }
    };
    const first = await startEngine({ dataDir });
    await add(first.engine, torrent, [seeder.address]);
    await readMarks(first.engine);
    const local = await first.engine.localFile({ infoHash: torrent.infoHash, fileIndex: 0 }, { signal });
    expect((await stat(local?.path ?? '')).size).toBe(size);
    const held = await heldPieces(first.engine, torrent.infoHash);
    await first.close();
    await seeder.stop();
    const { engine } = await startEngine({ dataDir });
    await untilState(engine, torrent.infoHash, 'live');
    expect(await heldPieces(engine, torrent.infoHash)).toEqual(held);
    await readMarks(engine);
  });

  test('leaves folders to their owner only', async () => {
    const torrent = makeTorrent({ name: 'private', content: 'private' });
    const { engine, dataDir } = await startEngine();
    const seeder = await Seeder.start({ torrents: [torrent] });
    await add(engine, torrent, [seeder.address]);
    await expectRight(engine, torrent);
    const folder = join(dataDir, 'torrents', torrent.infoHash);
    const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
    expect(await modeOf(folder)).toBe('700');
    expect(await modeOf(join(folder, 'files'))).toBe('700');
    expect(await modeOf(join(folder, 'state.json'))).toBe('600');
    expect(await modeOf(join(folder, 'metainfo.torrent'))).toBe('600');
    expect(await modeOf(join(folder, 'files', 'private'))).toBe('600');
  });
});

describe('an engine thread that is stuck', () => {
  test('keeps nobody who gives up, also where it was never asked about the torrent', async () => {
    const torrent = makeTorrent({ name: 'unasked', content: 'unasked' });
    const dataDir = await temporaryFolder();
    const first = await startEngine({ dataDir });
    await add(first.engine, torrent, []);
    await first.close();
    const { engine } = await startEngine({ dataDir });
    await untilState(engine, torrent.infoHash, 'live');
    const goOn = await stallEngine({ server: undefined, mount: process });
    const stream = streamOf(engine, torrent);
    const given = expect(stream.read()).rejects.toMatchObject({ code: 'stopped' });
    stream.close();
    await given;
    await goOn();
  });
});

describe('peers that fail', () => {
  test('a seeder that is killed in the middle of a read and comes back', async () => {
    const torrent = makeTorrent({ name: 'long', content: patternContent(24 * MiB), pieceLength: 262_144 });
    const seeder = await Seeder.start({ torrents: [torrent], rate: 4 * MiB });
    const { engine } = await startEngine();
    await add(engine, torrent, [seeder.address]);
    const stream = streamOf(engine, torrent);
    const head = Buffer.from((await stream.read()) ?? []); // a copy: its memory may be used again by the next read
    await seeder.kill();
    const rest = readAll(stream);
    await seeder.again({ rate: 0 });
    const bytes = Buffer.concat([head, await rest]);
    expect(bytes.equals(contentOf(torrent, 0).read(0, 24 * MiB))).toBe(true);
  });

  test('one that sends wrong bytes is found out, beside one that sends right ones', async () => {
    const torrent = makeTorrent({ name: 'liar', content: patternContent(8 * MiB), pieceLength: 262_144 });
    const wrong = await temporaryFolder();
    writePayload(torrent, wrong);
    const file = await open(join(wrong, 'liar'), 'r+');
    for (let offset = 1000; offset < 8 * MiB; offset += 262_144) await file.write(Buffer.alloc(100), 0, 100, offset);
    await file.close();
    const liar = await Seeder.start({ torrents: [torrent], payloadDir: wrong, host: '127.0.0.3' });
    const honest = await Seeder.start({ torrents: [torrent], rate: 8 * MiB });
    const { engine } = await startEngine();
    await add(engine, torrent, [liar.address, honest.address]);
    await expectRight(engine, torrent);
  });

  test.each([
    ['a list with a string of negative length', 'l-3:'],
    ['a dictionary with a key of negative length', 'd-3:'],
    ['lists within lists', 'l'.repeat(200_000)],
  ])('one that sends %s for an extended handshake', async (_, sent) => {
    const torrent = makeTorrent({ name: 'hostile', content: patternContent(MiB), pieceLength: 65_536 });
    const seeder = await Seeder.start({ torrents: [torrent], rate: MiB });
    const listenPort = await reservedPort();
    const { engine } = await startEngine({ listenPort, peers: [seeder.address] });
    await add(engine, torrent);
    await untilState(engine, torrent.infoHash, 'live');
    await greet(listenPort, torrent, Buffer.from(sent));
    await expectRight(engine, torrent);
  });

  test('one that never answers holds up neither a read from another nor the end', async () => {
    const torrent = makeTorrent({ name: 'mute', content: patternContent(MiB), pieceLength: 65_536 });
    const mute = await listenMutely();
    const seeder = await Seeder.start({ torrents: [torrent] });
    const built = await startEngine({ peers: [mute] });
    await add(built.engine, torrent, [seeder.address]);
    await expectRight(built.engine, torrent);
    await built.close();
  });

  test('a tracker that never answers does not hold up the end', async () => {
    const tracker = await listenMutely();
    const torrent = makeTorrent({
      name: 'tracked',
      content: patternContent(MiB),
      outer: { announce: `http://${tracker}/announce` },
    });
    const { engine } = await startEngine({ trackers: true });
    await add(engine, torrent);
    const read = streamOf(engine, torrent).read();
    const outcome = expect(read).rejects.toMatchObject({ code: 'stopped' });
    await engine.stop();
    await outcome;
  });
});

describe('a disk that fails', () => {
  test('when it is full puts the torrent in error, and a resume takes it up again', async () => {
    const dataDir = await temporaryFolder();
    await runOk('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', dataDir]);
    onTestFinished(async () => void (await run('umount', ['-l', dataDir])));
    const torrent = makeTorrent({ name: 'fat', content: patternContent(8 * MiB), pieceLength: 262_144 });
    const other = makeTorrent({ name: 'thin', content: patternContent(1000, 'thin') });
    const seeder = await Seeder.start({ torrents: [torrent, other] });
    const { engine } = await startEngine({ dataDir });
    await add(engine, other, [seeder.address]);
    await expectRight(engine, other);
    await add(engine, torrent, [seeder.address]);
    await expect(readAll(streamOf(engine, torrent))).rejects.toMatchObject({ code: 'torrent-error' });
    const row = (await engine.list({ signal })).find(({ infoHash }) => infoHash === torrent.infoHash);
    expect(row).toMatchObject({ state: 'error', error: expect.stringContaining('ENOSPC') });
    await expectRight(engine, other);
    await runOk('mount', ['-o', 'remount,size=32m', dataDir]);
    await engine.resume(torrent.infoHash, { signal });
    await expectRight(engine, torrent);
  });

  test.each([
    ['deleted', (path: string) => rm(path)],
    ['cut short', (path: string) => truncate(path, 65_536)],
  ])('when a file is %s under the engine, fetches its pieces again', async (_, damage) => {
    const torrent = makeTorrent({ name: 'gone', content: patternContent(MiB), pieceLength: 65_536 });
    const seeder = await Seeder.start({ torrents: [torrent] });
    const { engine, dataDir } = await startEngine();
    await add(engine, torrent, [seeder.address]);
    const file = { infoHash: torrent.infoHash, fileIndex: 0 };
    const fetchOnly = engine.open(file, { start: 65_536 * 4, endExclusive: MiB, signal });
    await fetchOnly.read();
    await readAll(streamOf(engine, torrent, { end: 65_536 * 4 }));
    await damage(payloadFile(dataDir, torrent, 'gone'));
    await expectRight(engine, torrent);
  });

  test('of a file that was deleted and made anew vouches for no piece, and misses those that are looked at', async () => {
    const torrent = makeTorrent({ name: 'anew', content: patternContent(MiB), pieceLength: 65_536 });
    const seeder = await Seeder.start({ torrents: [torrent] });
    const { engine, dataDir } = await startEngine();
    await add(engine, torrent, [seeder.address]);
    await readAll(streamOf(engine, torrent, { end: 65_536 * 4 }));
    const stream = streamOf(engine, torrent, { end: 65_536 });
    await drain(stream);
    await rm(payloadFile(dataDir, torrent, 'anew'));
    await readAll(streamOf(engine, torrent, { start: 65_536 * 8, end: 65_536 * 9 }));
    expect(engine.mustVerify?.(torrent.infoHash)).toBe(true);
    for (const piece of [1, 2, 3]) await engine.recheck?.(torrent.infoHash, piece, { signal });
    stream.extend(MiB);
    const rest = await readAll(stream);
    expect(rest.equals(contentOf(torrent, 0).read(65_536, MiB - 65_536))).toBe(true);
  });

  test('metadata of the last session that cannot be read is told and left alone, the rest goes on', async () => {
    const torrents = ['good', 'bad'].map(name => makeTorrent({ name, content: name }));
    const [good, bad] = torrents as [MadeTorrent, MadeTorrent];
    const dataDir = await temporaryFolder();
    const first = await startEngine({ dataDir });
    for (const torrent of torrents) await add(first.engine, torrent);
    await first.close();
    await writeFile(join(dataDir, 'torrents', bad.infoHash, 'metainfo.torrent'), 'rubbish');
    const { engine } = await startEngine({ dataDir });
    expect((await engine.list({ signal })).map(row => row.infoHash)).toEqual([good.infoHash]);
    expect(await readFile(join(dataDir, 'torrents', bad.infoHash, 'metainfo.torrent'), 'utf8')).toBe('rubbish');
  });
});

test('a port that is taken is told', async () => {
  const taken = await listenMutely();
  const listenPort = Number(taken.split(':')[1]);
  await expect(startEngine({ listenPort })).rejects.toMatchObject({
    code: 'io',
    message: expect.stringContaining('--listen-port'),
  });
});

/** Shakes hands with the engine (BEP 3), and sends `extended` in place of an extended handshake (BEP 10). */
async function greet(port: number, torrent: MadeTorrent, extended: Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  const reserved = Buffer.from('0000000000100000', 'hex');
  socket.write(Buffer.concat([Buffer.from('\x13BitTorrent protocol'), reserved, Buffer.from(torrent.infoHash, 'hex')]));
  socket.write('-XX0001-hostile-peer');
  await once(socket, 'data');
  const header = Buffer.alloc(6);
  header.writeUInt32BE(2 + extended.length);
  header.writeUInt8(20, 4);
  await new Promise(resolve => socket.write(Buffer.concat([header, extended]), resolve));
}

/** Takes connections and says nothing. */
async function listenMutely(): Promise<string> {
  const sockets = new Set<{ destroy(): void }>();
  const server: Server = createServer(socket => {
    socket.on('error', () => {});
    sockets.add(socket);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on TCP
}

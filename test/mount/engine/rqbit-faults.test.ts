import { setMaxListeners } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ByteStream, Engine } from '../../../src/engine/index.ts';
import { parseMetainfo } from '../../../src/engine/metainfo.ts';
import type { RqbitEngineOptions } from '../../../src/engine/rqbit/create-rqbit-engine.ts';
import { readAll, untilState } from '../../contract/engine-calls.ts';
import { patternContent, sparseContent } from '../../fixtures/content.ts';
import { type MadeTorrent, makeTorrent } from '../../fixtures/make-torrent.ts';
import { connectEngine } from '../../swarm/rqbit-engine.ts';
import { RqbitServer, type RqbitServerOptions } from '../../swarm/rqbit-server.ts';
import { Seeder } from '../../swarm/seeder.ts';

const signal = new AbortController().signal;
setMaxListeners(0, signal);
const content = patternContent(48 * 2 ** 20);
const film = makeTorrent({ name: 'film.bin', content, pieceLength: 2 ** 18 });
const whole = { start: 0, endExclusive: content.size, signal };

async function start(server: RqbitServerOptions = {}, options: Partial<RqbitEngineOptions> = {}) {
  const started = await RqbitServer.start(server);
  const engine = await connectEngine(started, options);
  onTestFinished(() => engine.stop());
  return { server: started, engine };
}

const add = (engine: Engine, { infoHash, bytes }: MadeTorrent, peers: readonly string[]) =>
  engine.add({ kind: 'metainfo', infoHash, bytes }, { peers, signal });

const openFilm = (engine: Engine): ByteStream => engine.open({ infoHash: film.infoHash, fileIndex: 0 }, whole);

async function expectRest(stream: ByteStream): Promise<void> {
  const { position } = stream;
  const rest = await readAll(stream);
  expect(position + rest.length).toBe(content.size);
  expect(rest.equals(content.read(position, rest.length))).toBe(true);
}

describe('twenty readers of twenty files of a torrent without peers, over an rqbit with 8 permits', () => {
  it('leave listing, adding and the reading of a healthy torrent alone', async () => {
    const files = Array.from({ length: 20 }, (_, index) => ({
      path: `${index}`,
      content: patternContent(500_000, `${index}`),
    }));
    const dead = makeTorrent({ name: 'dead', files });
    const seeder = await Seeder.start({ torrents: [film] });
    const { engine } = await start();
    await add(engine, dead, []);
    await untilState(engine, dead.infoHash, 'live');
    const readers = files.map((_, fileIndex) =>
      engine.open({ infoHash: dead.infoHash, fileIndex }, { start: 0, endExclusive: 500_000, signal }),
    );
    const outcomes = readers.map(reader => reader.read().catch(error => error.code));
    expect(await engine.list({ signal })).toHaveLength(1);
    await add(engine, film, [seeder.address]);
    await untilState(engine, film.infoHash, 'live');
    await expectRest(openFilm(engine));
    for (const reader of readers) reader.close();
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['stopped']));
  });
});

describe('an rqbit that is stopped with SIGSTOP', () => {
  it('keeps a reader waiting, lets it be told to stop at once, and goes on', async () => {
    const seeder = await Seeder.start({ torrents: [film], rate: 12_000_000 });
    const { server, engine } = await start();
    await add(engine, film, [seeder.address]);
    const stream = openFilm(engine);
    await stream.read();
    server.signal('SIGSTOP');
    const given = engine.open({ infoHash: film.infoHash, fileIndex: 0 }, { ...whole, start: content.size - 10 });
    const waiting = given.read();
    given.close();
    await expect(waiting).rejects.toMatchObject({ code: 'stopped' });
    server.signal('SIGCONT');
    await expectRest(stream);
  });
});

describe('an rqbit that is killed while it is read', () => {
  it.each([
    ['after a graceful end', 'SIGTERM'],
    ['after kill -9, while it checks what is on disk', 'SIGKILL'],
  ] as const)('and started again %s: no torrent is lost, and the read goes on', async (_, how) => {
    const seeder = await Seeder.start({ torrents: [film], rate: 12_000_000 });
    const { server, engine } = await start({ persistence: true }, { peers: [seeder.address] });
    await add(engine, film, []);
    const stream = openFilm(engine);
    await stream.read();
    await server.kill(how);
    await expect(engine.list({ signal })).rejects.toMatchObject({ isServerUnavailable: true });
    await server.launch();
    const poll = setInterval(() => void engine.list({ signal }).catch(() => {}), 500);
    onTestFinished(() => clearInterval(poll));
    await expectRest(stream);
    expect((await engine.list({ signal })).map(({ infoHash }) => infoHash)).toEqual([film.infoHash]);
  });
});

describe('what others do to the torrents of the server', () => {
  it('shows in the next list, also when a number is used again', async () => {
    const { server, engine } = await start({ persistence: true });
    const other = makeTorrent({ name: 'other.bin', content: patternContent(300_000, 'other') });
    await add(engine, film, []);
    await untilState(engine, film.infoHash, 'live');
    const [before] = await engine.list({ signal });
    const call = (path: string, body?: Uint8Array) =>
      fetch(new URL(path, server.url), { method: 'POST', body: body ?? null });
    const waiting = openFilm(engine).read();
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'not-found' });
    await call(`torrents/${film.infoHash}/delete`);
    await call('torrents?overwrite=true', other.bytes);
    const rows = await engine.list({ signal });
    expect(rows.map(({ infoHash }) => infoHash)).toEqual([other.infoHash]);
    expect(rows[0]?.engineId).toBe(before?.engineId);
    await outcome;
  });
});

describe('the data of a server on this machine', () => {
  it('is found where it lies, and held pieces of it are right', async () => {
    const files = [
      { path: 'a.bin', content: patternContent(300_000, 'a') },
      { path: 'Ünï/b.bin', content: patternContent(400_000, 'b') },
      { path: 'empty', content: '' },
    ];
    const torrent = makeTorrent({ name: 'folder', files });
    const seeder = await Seeder.start({ torrents: [torrent] });
    const { server, engine } = await start();
    await add(engine, torrent, [seeder.address]);
    const file = { infoHash: torrent.infoHash, fileIndex: 1 };
    await readAll(engine.open(file, { start: 0, endExclusive: 400_000, signal }));
    expect(await engine.localFile(file, { signal })).toEqual({
      path: join(server.downloads, 'folder/Ünï/b.bin'),
      mustVerify: true,
    });
  });

  it('resumes what is there already', async () => {
    const { server, engine } = await start();
    await mkdir(server.downloads, { recursive: true });
    await writeFile(join(server.downloads, 'film.bin'), content.read(0, content.size));
    await add(engine, film, []);
    await untilState(engine, film.infoHash, 'live');
    const [row] = await engine.list({ signal });
    expect(row).toMatchObject({ progressBytes: content.size, totalBytes: content.size, wantsMore: false });
    await expectRest(openFilm(engine));
  });
});

describe('a large .torrent', () => {
  it('that the server refuses names the option to set', async () => {
    const { engine } = await start({ maxUploadBytes: 1000 });
    await expect(add(engine, film, [])).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringContaining('--http-api-max-upload-size'),
    });
  });
});

describe('hostile torrents', () => {
  const data = patternContent(1000);
  it.each([
    [
      'no name',
      makeTorrent({
        name: '',
        files: [
          { path: 'x', content: data },
          { path: 'y', content: data },
        ],
      }),
    ],
    [
      'a name with a slash',
      makeTorrent({
        name: 'a/b',
        files: [
          { path: 'x', content: data },
          { path: 'y', content: data },
        ],
      }),
    ],
    ['control characters', makeTorrent({ name: 'a\u0001\u001b[2J', content: data })],
    ['invalid UTF-8', makeTorrent({ name: Buffer.from([0xff, 0xfe, 0x41]), content: data })],
    [
      'padding and empty files and a symlink',
      makeTorrent({
        name: 'odd',
        files: [
          { path: 'x', content: data },
          { path: '.pad/15384', content: sparseContent(15_384, []), attr: 'p' },
          { path: 'empty' },
          { path: 'link', attr: 'l', symlinkPath: ['x'] },
          { path: 'y', content: data },
        ],
      }),
    ],
  ])('%s: are listed with their details, found on disk and read', async (_, torrent) => {
    const { engine } = await start();
    await add(engine, torrent, []);
    await untilState(engine, torrent.infoHash, 'live');
    const { files, name } = await engine.details(torrent.infoHash, { signal });
    expect(name).toBe(parseMetainfo(torrent.bytes).name);
    const own = files.filter(file => !file.padding && file.symlinkTarget === undefined);
    for (const { index, length } of own) {
      const local = await engine.localFile({ infoHash: torrent.infoHash, fileIndex: index }, { signal });
      await writeFile(local?.path ?? '', data.read(0, length));
    }
    await engine.forget(torrent.infoHash, { signal });
    await add(engine, torrent, []);
    await untilState(engine, torrent.infoHash, 'live');
    for (const { index, length } of own) {
      const file = { infoHash: torrent.infoHash, fileIndex: index };
      const bytes = await readAll(engine.open(file, { start: 0, endExclusive: length, signal }));
      expect(bytes.equals(data.read(0, length))).toBe(true);
    }
    for (const { index } of files.filter(({ padding }) => padding)) {
      const file = { infoHash: torrent.infoHash, fileIndex: index };
      const read = engine.open(file, { start: 0, endExclusive: 1, signal }).read();
      await expect(read).rejects.toMatchObject({ code: 'not-found' });
    }
  });

  it('with `..` in a path are refused', async () => {
    const torrent = makeTorrent({
      name: 'bad',
      files: [
        { path: ['..', 'x'], content: data },
        { path: 'y', content: data },
      ],
    });
    const { engine } = await start();
    await expect(add(engine, torrent, [])).rejects.toMatchObject({ code: 'bad-source' });
    expect(await engine.list({ signal })).toEqual([]);
  });
});

import { setMaxListeners } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine, TorrentSource } from '../../../src/engine/index.ts';
import { parseMetainfo } from '../../../src/engine/metainfo.ts';
import { createRqbitEngine, type RqbitEngineOptions } from '../../../src/engine/rqbit/create-rqbit-engine.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import { LyingRqbit } from '../../fakes/lying-rqbit.ts';
import { SESSION_FOLDER } from '../../fakes/lying-rqbit-torrent.ts';
import { patternContent } from '../../fixtures/content.ts';
import { type MadeTorrent, magnetOf, makeTorrent } from '../../fixtures/make-torrent.ts';

const { signal } = new AbortController();
setMaxListeners(0, signal);

const PIECE = 16_384;
const show = makeTorrent({
  name: 'show',
  pieceLength: PIECE,
  files: [
    { path: 'one.bin', content: patternContent(3 * PIECE, 'one') },
    { path: 'sub/two.bin', content: patternContent(2 * PIECE + 10, 'two') },
    { path: 'tiny', content: 'x' },
  ],
});
const TOTAL = 5 * PIECE + 11;

let server: LyingRqbit;
let engine: Engine;

beforeEach(async () => {
  server = await LyingRqbit.start();
  engine = await connect();
});

afterEach(async () => {
  await engine.stop();
  await server.stop();
});

function connect(options: Partial<RqbitEngineOptions> = {}): Promise<Engine> {
  return createRqbitEngine(
    {
      server: { kind: 'external', url: server.url, credentials: undefined },
      onDemand: false,
      maxStreams: 6,
      peers: [],
      ...options,
    },
    { logger: silentLogger, mayFetch: () => false, signal },
  );
}

async function reconnect(options: Partial<RqbitEngineOptions>): Promise<void> {
  await engine.stop();
  engine = await connect(options);
  server.requests.length = 0;
}

const sourceOf = ({ infoHash, bytes }: MadeTorrent): TorrentSource => ({ kind: 'metainfo', infoHash, bytes });
const magnetSource = (torrent: MadeTorrent): TorrentSource => ({
  kind: 'magnet',
  uri: magnetOf(torrent),
  infoHash: torrent.infoHash,
  displayName: undefined,
  peers: ['127.0.0.1:6881'],
});
const inSession = (folder = '') => `${SESSION_FOLDER}${folder === '' ? '' : `/${folder}`}`;
const requestsTo = (pattern: RegExp) => server.requests.filter(request => pattern.test(request));

describe('connecting', () => {
  it('tells the version and the server', () => {
    expect(engine.description).toBe(`rqbit 9.0.1 at ${server.url.origin}`);
  });

  it('tells for how long the server has been running', async () => {
    server.uptimeSeconds = 7;
    expect(await engine.uptimeMs?.({ signal })).toBe(7000);
    server.lie(/stats/, { kind: 'answer', status: 200, body: '{}' });
    await expect(engine.uptimeMs?.({ signal })).rejects.toMatchObject({ code: 'protocol' });
  });

  it('refuses an rqbit that is too old', async () => {
    server.version = '8.1.1';
    await expect(connect()).rejects.toMatchObject({
      code: 'protocol',
      message: expect.stringContaining('9.0.0 or newer'),
    });
  });

  it('refuses a password in the URL without repeating it', async () => {
    const url = new URL(server.url);
    url.password = 'hunter2';
    const connecting = connect({ server: { kind: 'external', url, credentials: undefined } });
    await expect(connecting).rejects.toMatchObject({ message: expect.not.stringContaining('hunter2') });
  });
});

describe('listing', () => {
  it('tells the progress of the whole torrent by verified pieces', async () => {
    server.add(show.bytes).select([2]);
    server.add(show.bytes).hold([0, 5]);
    expect(await engine.list({ signal })).toEqual([
      {
        infoHash: show.infoHash,
        name: 'show',
        engineId: 0,
        state: 'live',
        error: undefined,
        totalBytes: TOTAL,
        progressBytes: PIECE + 11,
        wantsMore: false,
        peersConnected: 2,
        peersKnown: 5,
        downloadSpeed: 1.5 * 2 ** 20,
        uploadSpeed: 0,
        fetchedBytes: 0,
      },
    ]);
  });

  it('asks for pieces only of torrents whose counters moved', async () => {
    const fake = server.add(show.bytes);
    await engine.list({ signal });
    server.requests.length = 0;
    await engine.list({ signal });
    expect(server.requests).toEqual(['GET /torrents?with_stats=true']);
    fake.hold([1]);
    expect((await engine.list({ signal }))[0]?.progressBytes).toBe(PIECE);
    expect(requestsTo(/haves/)).toHaveLength(1);
  });

  it('goes on while a torrent is checked, and tells why one is in error', async () => {
    const fake = server.add(show.bytes);
    fake.change('initializing');
    expect(await engine.list({ signal })).toMatchObject([{ state: 'initializing', totalBytes: TOTAL }]);
    fake.change('error');
    fake.error = 'disk on fire\n  caused by: test';
    expect(await engine.list({ signal })).toMatchObject([{ state: 'error', error: 'disk on fire caused by: test' }]);
  });

  it('falls back on the numbers of rqbit when the pieces cannot be had', async () => {
    server.add(show.bytes).hold([0]);
    server.lie(/haves/, { kind: 'answer', status: 500, body: 'oops' });
    expect(await engine.list({ signal })).toMatchObject([{ progressBytes: PIECE }]);
  });

  it('dials the peers of the mount for every torrent, once', async () => {
    await reconnect({ peers: ['127.0.0.1:7000'] });
    const fake = server.add(show.bytes);
    await engine.list({ signal });
    await engine.list({ signal });
    await expect.poll(() => fake.peers).toEqual(['127.0.0.1:7000']);
    expect(requestsTo(/add_peers/)).toHaveLength(1);
  });
});

describe('adding', () => {
  it('of a .torrent is told to listeners, with peers as literal addresses', async () => {
    let changes = 0;
    engine.onChange(() => changes++);
    const peers = ['localhost:9', '[::1]:8', 'no port', 'nowhere.invalid:1'];
    expect(await engine.add(sourceOf(show), { peers, signal })).toBe(show.infoHash);
    const query = new URL(requestsTo(/^POST/)[0]?.split(' ')[1] ?? '', server.url).searchParams;
    expect(query.get('initial_peers')).toMatch(/127\.0\.0\.1:9|\[::1\]:9/);
    expect(query.get('initial_peers')).not.toMatch(/localhost|invalid/);
    expect(changes).toBeGreaterThan(0);
  });

  it('of what is there only dials the peers', async () => {
    const fake = server.add(show.bytes);
    await engine.add(sourceOf(show), { peers: ['127.0.0.1:9'], signal });
    expect(requestsTo(/^POST \/torrents\?/)).toEqual([]);
    expect(fake.peers).toEqual(['127.0.0.1:9']);
  });

  it('is serialised', async () => {
    const others = Array.from({ length: 5 }, (_, index) => makeTorrent({ name: `${index}`, content: `${index}` }));
    await Promise.all(others.map(torrent => engine.add(sourceOf(torrent), { peers: [], signal })));
    expect(server.torrents.size).toBe(5);
    expect(server.mostAddsAtOnce).toBe(1);
  });

  it('of many at once is no leak to warn of, though each waits until its check is over', async () => {
    server.lie(/stats\/v1/, { kind: 'edit', edit: stats => Object.assign({}, stats, { state: 'initializing' }) });
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => warnings.push(name);
    process.on('warning', onWarning);
    const many = Array.from({ length: 12 }, (_, index) => makeTorrent({ name: `${index}`, content: `${index}` }));
    await Promise.all(many.map(torrent => engine.add(sourceOf(torrent), { peers: [], signal })));
    await expect.poll(() => new Set(requestsTo(/stats/)).size).toBe(12);
    await engine.stop();
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('fails when rqbit says that it added another', async () => {
    const other = makeTorrent({ name: 'other', content: 'other' });
    server.lie(/^POST/, {
      kind: 'edit',
      edit: json => JSON.parse(JSON.stringify(json).replace(show.infoHash, other.infoHash)),
    });
    await expect(engine.add(sourceOf(show), { peers: [], signal })).rejects.toMatchObject({ code: 'protocol' });
  });

  it('of a magnet resolves first and does not hold up other adds', async () => {
    server.lie(/list_only/, { kind: 'silence' }, 1);
    const controller = new AbortController();
    const resolving = engine.add(magnetSource(show), { peers: [], signal: controller.signal });
    await expect.poll(() => requestsTo(/list_only/)).toHaveLength(1);
    const other = makeTorrent({ name: 'other', content: 'other' });
    await engine.add(sourceOf(other), { peers: [], signal });
    controller.abort(new Error('removed'));
    await expect(resolving).rejects.toThrow('removed');
  });

  it('of a magnet goes on until peers are found, and adds with them', async () => {
    const added = engine.add(magnetSource(show), { peers: [], signal });
    await expect.poll(() => requestsTo(/list_only/)).toHaveLength(1);
    server.swarm.set(show.infoHash, show.bytes);
    expect(await added).toBe(show.infoHash);
    expect(requestsTo(/^POST(?!.*list_only)/)[0]).toContain('initial_peers=127.0.0.1%3A6881');
  });

  it('gives a torrent a folder of its own where rqbit would let it write over the files of another', async () => {
    const others = [
      makeTorrent({
        name: 'show',
        files: show.files.map(({ path, content }) => ({ path, content })),
        pieceLength: 32_768,
      }),
      makeTorrent({ name: 'show', content: 'a file called as the folder is' }),
      makeTorrent({ name: 'unlike', content: 'another' }),
    ];
    for (const torrent of [show, ...others]) await engine.add(sourceOf(torrent), { peers: [], signal });
    const folders = [show, ...others].map(({ infoHash }) => server.torrents.get(infoHash)?.outputFolder);
    expect(folders).toEqual(['show', others[0]?.infoHash, others[1]?.infoHash, ''].map(inSession));
    await engine.list({ signal });
    expect([show, ...others].map(({ infoHash }) => engine.mustVerify?.(infoHash))).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it('of what was forgotten goes where it was, and leaves alone what another left there', async () => {
    const twin = makeTorrent({
      name: 'show',
      files: [
        { path: 'a', content: 'a' },
        { path: 'b', content: 'b' },
      ],
    });
    await engine.add(sourceOf(show), { peers: [], signal });
    await engine.forget(show.infoHash, { signal });
    await engine.add(sourceOf(twin), { peers: [], signal });
    expect(server.torrents.get(twin.infoHash)?.outputFolder).toBe(inSession(twin.infoHash));
    await engine.add(sourceOf(show), { peers: [], signal });
    expect(server.torrents.get(show.infoHash)?.outputFolder).toBe(inSession('show'));
  });

  it('of a URL is fetched by us, so that its address is judged', async () => {
    const url = new URL('/x.torrent', server.url);
    await expect(engine.add({ kind: 'url', url }, { peers: [], signal })).rejects.toMatchObject({
      code: 'forbidden-address',
    });
    expect(requestsTo(/x\.torrent|^POST/)).toEqual([]);
  });

  it('on demand takes the smallest file first and then none', async () => {
    await reconnect({ onDemand: true });
    await engine.add(sourceOf(show), { peers: [], signal });
    expect(requestsTo(/^POST/)[0]).toContain('only_files=2');
    await expect.poll(() => server.torrents.get(show.infoHash)?.selected.size).toBe(0);
  });

  it('on demand takes none before what is wished of it, however slow the server', async () => {
    await reconnect({ onDemand: true });
    server.lie(/update_only_files/, { kind: 'hang-up' }, 1);
    await engine.add(sourceOf(show), { peers: [], signal });
    await engine.setFileWishes?.(show.infoHash, { wanted: [{ first: 1, endExclusive: 2 }], unwanted: [] }, { signal });
    await expect.poll(() => requestsTo(/update_only_files/).length).toBe(3);
    expect([...(server.torrents.get(show.infoHash)?.selected ?? [])]).toEqual([1]);
  });
});

describe('torrents that somebody else let share their files', () => {
  it('are not believed from the next list on', async () => {
    const twin = makeTorrent({
      name: 'show',
      files: [
        { path: 'one.bin', content: 'other bytes' },
        { path: 'b', content: 'b' },
      ],
    });
    const other = makeTorrent({ name: 'film.bin', content: 'one file' });
    for (const torrent of [show, other]) server.add(torrent.bytes);
    await engine.list({ signal });
    server.add(twin.bytes);
    await engine.list({ signal });
    expect([show, twin, other].map(({ infoHash }) => engine.mustVerify?.(infoHash))).toEqual([true, true, false]);
    await engine.delete(twin.infoHash, { signal });
    await engine.list({ signal });
    expect(engine.mustVerify?.(show.infoHash)).toBe(false);
  });
});

describe('changing', () => {
  it('pauses and resumes, and does so again without complaint', async () => {
    const fake = server.add(show.bytes);
    await engine.pause(show.infoHash, { signal });
    await engine.pause(show.infoHash, { signal });
    expect(fake.state).toBe('paused');
    await engine.resume(show.infoHash, { signal });
    await engine.resume(show.infoHash, { signal });
    expect(fake.state).toBe('live');
  });

  it('pauses also what is started anew at that moment', async () => {
    await reconnect({ onDemand: true });
    server.lie(/\/start$/, { kind: 'hang-up' }, 4);
    await engine.add(sourceOf(show), { peers: [], signal });
    await expect.poll(() => requestsTo(/\/start$/).length, { timeout: 10_000 }).toBeGreaterThan(0);
    await engine.pause(show.infoHash, { signal });
    await expect.poll(() => requestsTo(/\/start$/).length, { timeout: 10_000 }).toBe(5);
    expect(requestsTo(/\/(pause|start)$/).at(-1)).toMatch(/pause$/);
    expect(server.torrents.get(show.infoHash)?.state).toBe('paused');
  });

  it.each(['forget', 'delete'] as const)('%s succeeds for what is not there', async action => {
    server.add(show.bytes);
    await engine[action](show.infoHash, { signal });
    await engine[action](show.infoHash, { signal });
    expect(server.torrents.size).toBe(0);
  });

  it('does not take any 500 for success', async () => {
    server.add(show.bytes);
    server.lie(/forget/, { kind: 'answer', status: 500, body: 'disk full' });
    await expect(engine.forget(show.infoHash, { signal })).rejects.toMatchObject({ code: 'io' });
  });

  it('downloads all, or only what is read, once the check is over', async () => {
    const fake = server.add(show.bytes);
    fake.change('initializing');
    const changed = engine.setFileWishes?.(
      show.infoHash,
      { wanted: [], unwanted: [{ first: 0, endExclusive: 3 }] },
      { signal },
    );
    await expect.poll(() => requestsTo(/stats/).length).toBeGreaterThan(1);
    fake.change('live');
    await changed;
    expect(fake.selected.size).toBe(0);
    await engine.setFileWishes?.(show.infoHash, { wanted: [{ first: 0, endExclusive: 3 }], unwanted: [] }, { signal });
    expect([...fake.selected]).toEqual([0, 1, 2]);
  });
});

describe('metadata', () => {
  it('is that of the .torrent', async () => {
    server.add(show.bytes);
    expect(await engine.details(show.infoHash, { signal })).toEqual(parseMetainfo(show.bytes));
  });

  it('of another torrent is refused', async () => {
    server.add(show.bytes);
    const other = makeTorrent({ name: 'other', content: 'other' });
    server.lie(/metadata/, { kind: 'answer', status: 200, body: other.bytes });
    await expect(engine.details(show.infoHash, { signal })).rejects.toMatchObject({ code: 'protocol' });
  });

  it('that does not fit the file list is refused', async () => {
    server.add(show.bytes);
    server.lie(/GET \/torrents\/[0-9a-f]{40}$/, {
      kind: 'edit',
      edit: json => JSON.parse(JSON.stringify(json).replace(`"length":${3 * PIECE}`, `"length":${3 * PIECE + 1}`)),
    });
    await expect(engine.details(show.infoHash, { signal })).rejects.toMatchObject({ code: 'protocol' });
  });
});

describe('the piece map', () => {
  it('is one live object, and simultaneous refreshes ask once', async () => {
    const fake = server.add(show.bytes);
    const pieces = await engine.pieces(show.infoHash, { signal });
    fake.hold([0, 2]);
    server.requests.length = 0;
    await Promise.all([pieces.refresh({ signal }), pieces.refresh({ signal })]);
    expect(requestsTo(/haves/)).toHaveLength(1);
    expect(await engine.pieces(show.infoHash, { signal })).toBe(pieces);
    expect([pieces.heldCount, pieces.has(2), pieces.has(1), pieces.has(99)]).toEqual([2, true, false, false]);
    expect([...pieces.toBitfield()]).toEqual([0b1010_0000]);
  });

  it('is empty while rqbit checks what is on disk', async () => {
    server.add(show.bytes).change('initializing');
    expect((await engine.pieces(show.infoHash, { signal })).heldCount).toBe(0);
  });
});

describe('local data', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rqbit-local-'));
    await mkdir(join(folder, 'sub'));
    server.add(show.bytes).outputFolder = folder;
  });

  afterEach(() => rm(folder, { recursive: true }));

  const find = (fileIndex: number) => engine.localFile({ infoHash: show.infoHash, fileIndex }, { signal });

  it('is an ordinary file below the output folder, whose pieces must be hashed', async () => {
    const path = join(folder, 'sub/two.bin');
    await writeFile(path, 'sparse so far');
    expect(await find(1)).toEqual({ path, mustVerify: true });
  });

  it('is not what is absent, too long, a folder or a link', async () => {
    expect(await find(0)).toBeUndefined();
    await writeFile(join(folder, 'tiny'), 'longer than one byte');
    expect(await find(2)).toBeUndefined();
    await mkdir(join(folder, 'one.bin'));
    expect(await find(0)).toBeUndefined();
    await symlink('/etc/hostname', join(folder, 'sub/two.bin'));
    expect(await find(1)).toBeUndefined();
  });

  it('is not reached through a linked folder', async () => {
    await rm(join(folder, 'sub'), { recursive: true });
    await mkdir(join(folder, 'elsewhere'));
    await writeFile(join(folder, 'elsewhere/two.bin'), 'x');
    await symlink('elsewhere', join(folder, 'sub'));
    expect(await find(1)).toBeUndefined();
  });

  it.each(['..', '.', '', 'a/b', 'nul\0'])('is not reached through the component %j', async component => {
    await writeFile(join(folder, 'sub/two.bin'), 'x');
    const change = JSON.stringify(['sub', 'two.bin']);
    server.lie(/GET \/torrents\/[0-9a-f]{40}$/, {
      kind: 'edit',
      edit: json => JSON.parse(JSON.stringify(json).replace(change, JSON.stringify(['sub', component, 'two.bin']))),
    });
    expect(await find(1)).toBeUndefined();
  });

  it('is not below a relative folder', async () => {
    server.add(show.bytes).outputFolder = 'downloads';
    await writeFile(join(folder, 'one.bin'), 'x');
    expect(await find(0)).toBeUndefined();
  });
});

describe('stopping', () => {
  it('ends pending adds, reads and later calls with `stopped`', async () => {
    server.add(show.bytes);
    const file = { infoHash: show.infoHash, fileIndex: 0 };
    const read = engine.open(file, { start: 0, endExclusive: 10, signal }).read();
    const other = makeTorrent({ name: 'other', content: 'other' });
    const added = engine.add(magnetSource(other), { peers: [], signal });
    const outcomes = [read, added].map(call => expect(call).rejects.toMatchObject({ code: 'stopped' }));
    await expect.poll(() => server.openStreams).toBe(1);
    await Promise.all([engine.stop(), engine.stop()]);
    await Promise.all(outcomes);
    await expect(engine.list({ signal })).rejects.toMatchObject({ code: 'stopped' });
  });
});

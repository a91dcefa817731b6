import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { patternContent, sparseContent } from '../../fixtures/content.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { type FilePlan, makeTorrent } from '../../fixtures/make-torrent.ts';
import { serveOnLoopback } from '../../swarm/loopback-site.ts';
import { checkedRead } from '../harness/checked-read.ts';
import { runOk } from '../harness/run.ts';
import { type EngineKind, ManagedMount } from '../management/managed-mount.ts';

const film = makeTorrent({ name: 'film.bin', content: patternContent(300_000, 'film') });

describe.each<EngineKind>(['embedded', 'rqbit'])(
  'a torrent URL that points to this machine, over the %s engine',
  kind => {
    it('is refused, with the reason to the caller and in the errors, and never fetched', async () => {
      const site = await serveTorrent();
      const managed = await ManagedMount.start(kind);
      const added = await managed.cli('add', managed.mount.mountpoint, site.url);
      expect(added).toMatchObject({ code: 1, stderr: expect.stringContaining('in a private network') });
      await managed.ok(`echo http://localhost:${site.port}/x.torrent > "$M/named.magnet"`);
      await eventually(async () => {
        const errors = await managed.errors();
        expect(errors).toHaveLength(2);
        for (const error of errors) {
          expect(error).toMatchObject({ errno: 'EACCES', reason: expect.stringContaining('in a private network') });
        }
      });
      expect(site.requests()).toBe(0);
      expect(await managed.list()).toEqual([]);
    });

    it('is fetched where the configuration allows it', async () => {
      const site = await serveTorrent();
      const managed = await ManagedMount.start(kind, () => ['--allow-private-urls']);
      await managed.cliOk('add', managed.mount.mountpoint, site.url);
      expect(await managed.list()).toEqual(['film.bin']);
      expect(site.requests()).toBe(1);
    });
  },
);

describe('over rqbit', () => {
  it('a .torrent that it answers 413 for is refused with the name of the option to set', async () => {
    const managed = await ManagedMount.start('rqbit');
    const large = makeTorrent({ name: 'large', content: 'x', outer: { comment: Buffer.alloc(12e6, 'x') } });
    await managed.writeBeside('large.torrent', large.bytes);
    await managed.ok('cp large.torrent "$M"');
    await eventually(async () => {
      expect(await managed.errors()).toMatchObject([
        { errno: 'EFBIG', reason: expect.stringContaining('--http-api-max-upload-size') },
      ]);
    });
    expect(await managed.list()).toEqual([]);
  });

  const data = patternContent(70_000, 'hostile');
  const two: readonly FilePlan[] = [
    { path: 'x', content: data },
    { path: 'y', content: data },
  ];
  it.each([
    ['an empty name', makeTorrent({ name: '', files: two }), ['x', 'y']],
    ['no name at all', makeTorrent({ files: two }), ['x', 'y']],
    ['no name at all and one file', makeTorrent({ content: data }), []],
    ['a name with a slash', makeTorrent({ name: 'a/b', files: two }), ['x', 'y']],
    ['control characters in its name', makeTorrent({ name: 'a\u0001\u001b[2J', content: data }), []],
    ['invalid UTF-8 in its name', makeTorrent({ name: Buffer.from([0xff, 0xfe, 0x41]), content: data }), []],
    [
      'padding, an empty file and a symlink',
      makeTorrent({ name: 'odd', files: oddFiles() }),
      ['empty', 'link', 'x', 'y'],
    ],
  ])('a torrent with %s is listed under one plain name, and read', async (_, torrent, names) => {
    const managed = await ManagedMount.start('rqbit');
    await managed.writeBeside('hostile.torrent', torrent.bytes);
    await managed.writeBeside('source', data.read(0, data.size));
    await managed.ok('cp hostile.torrent "$M"');
    const [entry = ''] = await eventually(async () => {
      const listed = await managed.list();
      expect(listed).toHaveLength(1);
      return listed;
    });
    expect(entry).not.toMatch(/[\p{Cc}/]|^\.{0,2}$/u);
    if (torrent.name === '') expect(entry).toBe(torrent.infoHash);
    const path = managed.mount.path(entry);
    const inside = names.length === 0 ? [] : (await runOk('ls', [path])).trim().split('\n');
    expect(inside).toEqual(names);
    await managed.untilSettled();
    await putPayloadInPlace(managed, torrent.infoHash);
    // The mount may have seen it go; then it has to see it come back.
    const seeding = [{ info_hash: torrent.infoHash, state: 'seeding', mounted: true }];
    await eventually(async () => expect(await managed.torrents()).toMatchObject(seeding), 60_000);
    await eventually(async () =>
      expect(await managed.ok(`head -c 1 "${path}${names.length === 0 ? '' : '/x'}" | wc -c`)).toBe('1\n'),
    );
    const files = names.length === 0 ? [path] : names.filter(name => name !== 'empty').map(name => join(path, name));
    for (const file of files) {
      const read = await checkedRead(file, managed.beside('source'));
      expect(read).toEqual({ right: data.size, errno: null, wrong: false });
    }
  });

  it.each([
    ['a name', makeTorrent({ name: '..', files: two })],
    ['a path', makeTorrent({ name: 'bad', files: [{ path: ['..', 'x'], content: data }, ...two] })],
  ])(
    'a torrent with two dots for %s, which rqbit refuses, goes away again, with the reason in the errors',
    async (_, torrent) => {
      const managed = await ManagedMount.start('rqbit');
      await managed.writeBeside('hostile.torrent', torrent.bytes);
      await managed.sh('cp hostile.torrent "$M"');
      await eventually(async () => {
        expect(await managed.errors()).toMatchObject([
          { errno: 'EINVAL', reason: expect.stringContaining('traversal') },
        ]);
      });
      expect(await managed.list()).toEqual([]);
    },
  );

  function oddFiles(): FilePlan[] {
    return [
      { path: 'x', content: data },
      { path: '.pad/11920', content: sparseContent(11_920, []), attr: 'p' },
      { path: 'empty' },
      { path: 'link', attr: 'l', symlinkPath: ['x'] },
      { path: 'y', content: data },
    ];
  }

  /** Writes every file of the torrent where rqbit laid it out, and makes rqbit check them. */
  async function putPayloadInPlace(managed: ManagedMount, infoHash: string): Promise<void> {
    const server = managed.server;
    if (server === undefined) throw new Error('there is a server');
    const script = 'find "$1" -type f -size +0 ! -path "*/.pad/*" -exec cp "$2" {} \\;';
    await runOk('bash', ['-c', script, 'bash', server.downloads, managed.beside('source')]);
    const call = async (path: string, body?: Uint8Array) => {
      const response = await fetch(new URL(path, server.url), { method: 'POST', body: body ?? null });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    };
    const details = await fetch(new URL(`torrents/${infoHash}`, server.url));
    const { output_folder: folder } = (await details.json()) as { output_folder: string };
    await call(`torrents/${infoHash}/forget`);
    await call(
      `torrents?${new URLSearchParams({ overwrite: 'true', output_folder: folder })}`,
      await readFile(managed.beside('hostile.torrent')),
    );
  }
});

/** A web server on loopback that gives the film's .torrent for any path. */
async function serveTorrent() {
  let requests = 0;
  const { port, href } = await serveOnLoopback((_, response) => {
    requests++;
    response.end(film.bytes);
  });
  return { port, url: `${href}x.torrent`, requests: () => requests };
}

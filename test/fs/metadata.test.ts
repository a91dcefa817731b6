import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildTorrentTree } from '../../src/fs/torrent-tree-builder.ts';
import { Errno } from '../../src/fuse/abi/errno.ts';
import { detailsOfFiles, infoHashOfSeed } from '../fixtures/torrent-details.ts';
import type { LaneHarness, SeenDirent } from './lane-harness.ts';
import { ADDED, film, mountTrees, ROOT, season, VIRTUAL, walk } from './mounted-trees.ts';

const namesIn = (dirents: readonly SeenDirent[]) => dirents.map(({ name }) => name);
const notFoundForever = expect.objectContaining({ node: 0, entryValidSeconds: 3600 });

describe('names', () => {
  it('lead from the root to every file', () => {
    const { kernel } = mountTrees({ Season: season, 'film.mkv': film });
    expect(walk(kernel, 'Season/disc 1/Ünïcödé.mkv').attributes.size).toBe(5 * 2 ** 30);
    expect(walk(kernel, 'film.mkv').attributes.size).toBe(1000);
  });

  it('that a torrent does not have are absent for as long as names are valid', () => {
    const { kernel } = mountTrees({ Season: season });
    expect(kernel.lookup(walk(kernel, 'Season').node, 'folder.jpg')).toEqual(notFoundForever);
  });

  it('that the root does not have are absent only now', () => {
    const { kernel, publisher } = mountTrees({});
    expect(kernel.lookup(ROOT, 'film.mkv')).toBe(Errno.ENOENT);
    publisher.add('film.mkv', film);
    expect(kernel.lookup(ROOT, 'film.mkv')).toMatchObject({ attributes: { size: 1000 } });
  });

  it('of the mount itself are left to the slow lane, and not listed', () => {
    const { kernel, publisher } = mountTrees({});
    publisher.setVirtualNames(['x.magnet']);
    for (const name of ['.torrent-fuse', 'x.magnet']) expect(kernel.lookup(ROOT, name)).toBe('forwarded');
    expect(kernel.lookup(VIRTUAL, 'status.json')).toBe('forwarded');
    expect(namesIn(kernel.list(ROOT))).toEqual(['.', '..']);
  });

  it('below a file are no names', () => {
    const { kernel } = mountTrees({ 'film.mkv': film });
    expect(kernel.lookup(walk(kernel, 'film.mkv').node, 'x')).toBe(Errno.ENOTDIR);
  });

  it('that only main can know yet are left to it', () => {
    const { kernel, publisher, slots } = mountTrees({ Season: season });
    const known = walk(kernel, 'Season').node;
    publisher.add('one', film);
    const unknownSlot = publisher.add('two', film);
    expect(kernel.lookup(ROOT, 'two')).toBe('forwarded');
    expect(kernel.lookup(ROOT, 'Season')).toBe('forwarded');
    expect(kernel.readdir(ROOT)).toBe('forwarded');
    expect(kernel.getattr(unknownSlot * 2 ** 32)).toBe('forwarded');
    expect(kernel.lookup(known, 'play.sh')).toMatchObject({ node: expect.any(Number) });
    expect(slots).toHaveLength(1);
  });
});

describe('attributes', () => {
  it.each([
    ['Season', '40555', 0],
    ['Season/disc 1', '40555', 0],
    ['Season/disc 1/Ünïcödé.mkv', '100444', 5 * 2 ** 30],
    ['Season/disc 1/empty', '100444', 0],
    ['Season/play.sh', '100555', 513],
    ['Season/link', '120777', 'disc 1/empty'.length],
    ['film.mkv', '100444', 1000],
  ])('of %s are mode %s and size %d', (path, mode, size) => {
    const { kernel } = mountTrees({ Season: season, 'film.mkv': film });
    const entry = walk(kernel, path);
    expect(entry.attributes).toMatchObject({ mode, size, blocks: Math.ceil(size / 512), uid: 1000, gid: 1001 });
    expect(kernel.getattr(entry.node)).toEqual(entry.attributes);
  });

  it('tell the creation date, else when the torrent was added', () => {
    const { kernel } = mountTrees({ Season: season, 'film.mkv': film });
    expect(walk(kernel, 'film.mkv').attributes.mtimeSeconds).toBe(77);
    expect(walk(kernel, 'Season/play.sh').attributes.mtimeSeconds).toBe(ADDED);
    expect(kernel.getattr(ROOT)).toMatchObject({ mtimeSeconds: 1_800_000_000 });
  });

  it('of the root let its owner add and remove, unless the mount is read-only', () => {
    expect(mountTrees({}).kernel.getattr(ROOT)).toMatchObject({ mode: '40755', inode: 1n });
    expect(mountTrees({}, { readOnly: true }).kernel.getattr(ROOT)).toMatchObject({ mode: '40555' });
  });

  it('lack the bits of the umask', () => {
    const { kernel } = mountTrees({ Season: season }, { umask: 0o077 });
    expect(kernel.getattr(ROOT)).toMatchObject({ mode: '40700' });
    expect(walk(kernel, 'Season/play.sh').attributes.mode).toBe('100500');
  });

  it('have inode numbers of 40 bits of the info hash and 24 of the node, on every mount the same', () => {
    const first = mountTrees({ 'film.mkv': film, Season: season }).kernel;
    const second = mountTrees({ Season: season }).kernel;
    const inodes = ['Season', 'Season/link', 'Season/disc 1/empty'].map(path => walk(first, path).attributes.inode);
    expect(inodes).toEqual(
      ['Season', 'Season/link', 'Season/disc 1/empty'].map(path => walk(second, path).attributes.inode),
    );
    const prefix = BigInt(`0x${infoHashOfSeed('season').slice(0, 10)}`);
    for (const inode of inodes) expect(inode >> 24n).toBe(prefix);
    expect(new Set(inodes).size).toBe(3);
  });

  it('of a removed torrent stay, without a name, until the kernel has forgotten it', () => {
    const { kernel, publisher, slots } = mountTrees({ Season: season });
    const { node } = walk(kernel, 'Season');
    publisher.remove(slots[0] ?? 0);
    expect(kernel.lookup(ROOT, 'Season')).toBe(Errno.ENOENT);
    expect(kernel.getattr(node)).toMatchObject({ mode: '40555', linkCount: 0 });
    expect(kernel.lookup(node, 'play.sh')).toBe(Errno.ENOENT);
    expect(kernel.readdir(node)).toEqual([]);
    kernel.forget(node, 1);
    expect(kernel.getattr(node)).toBe(Errno.ESTALE);
  });
});

describe('listings', () => {
  it('have names, types and inode numbers of everything, dots first', () => {
    const { kernel } = mountTrees({ Season: season, 'film.mkv': film });
    expect(kernel.list(ROOT).map(({ name, type }) => [name, type])).toEqual([
      ['.', 4],
      ['..', 4],
      ['Season', 4],
      ['film.mkv', 8],
    ]);
    const seasonEntry = walk(kernel, 'Season');
    const dirents = kernel.list(seasonEntry.node);
    expect(dirents.map(({ name, type }) => [name, type])).toEqual([
      ['.', 4],
      ['..', 4],
      ['disc 1', 4],
      ['play.sh', 8],
      ['link', 10],
    ]);
    expect(dirents[0]?.inode).toBe(seasonEntry.attributes.inode);
    expect(dirents[1]?.inode).toBe(1n);
    expect(dirents[2]?.inode).toBe(walk(kernel, 'Season/disc 1').attributes.inode);
    expect(kernel.list(walk(kernel, 'Season/disc 1').node)[1]?.inode).toBe(seasonEntry.attributes.inode);
  });

  it('are the same through buffers of any size, with attributes or without', () => {
    const files = Array.from({ length: 300 }, (_, index) => ({ path: `${'n'.repeat(index % 100)}${index}` }));
    const { kernel } = mountTrees({ many: buildTorrentTree(detailsOfFiles(files), ADDED) });
    const { node } = walk(kernel, 'many');
    for (const plus of [false, true]) {
      for (const size of [416, 1000, 4096, 2 ** 20]) {
        expect(namesIn(kernel.list(node, { size, plus }))).toEqual(['.', '..', ...files.map(({ path }) => path)]);
      }
    }
  });

  it('with attributes count a lookup for every entry but the dots', () => {
    const { kernel, publisher, subscriber, slots } = mountTrees({ Season: season });
    const slot = slots[0] ?? 0;
    const listed = kernel.list(ROOT, { plus: true }).slice(2);
    const inside = kernel.list(listed[0]?.entry?.node ?? 0, { plus: true }).slice(2);
    publisher.remove(slot);
    subscriber.update();
    for (const { entry } of [...listed, ...inside]) {
      expect(subscriber.table.get(slot)).toBeDefined();
      kernel.forget(entry?.node ?? 0, 1);
    }
    expect(subscriber.table.get(slot)).toBeUndefined();
  });

  it('without attributes count none', () => {
    const { kernel, publisher, subscriber, slots } = mountTrees({ Season: season });
    kernel.list(ROOT);
    publisher.remove(slots[0] ?? 0);
    subscriber.update();
    expect(subscriber.table.get(slots[0] ?? 0)).toBeUndefined();
  });

  it('of the root miss nothing and repeat nothing while torrents come and go', () => {
    const step = fc.record({ kind: fc.constantFrom('page', 'add', 'remove', 'rename'), pick: fc.nat(40) });
    fc.assert(
      fc.property(fc.nat(20), fc.array(step, { maxLength: 40 }), (startCount, steps) => {
        const names = Array.from({ length: startCount }, (_, index) => [`torrent ${index}`, film] as const);
        const { kernel, publisher, subscriber, slots } = mountTrees(Object.fromEntries(names));
        const present = new Set(slots);
        const reader = new PagedReader(kernel);
        for (const [number, { kind, pick }] of steps.entries()) {
          const picked = [...present][pick];
          if (kind === 'page') reader.readPage();
          if (kind === 'add') present.add(publisher.add(`new ${number}`, film));
          if (kind === 'rename' && picked !== undefined) publisher.rename(picked, `renamed ${number}`);
          if (kind === 'remove' && picked !== undefined) {
            publisher.remove(picked);
            present.delete(picked);
          }
          subscriber.update();
        }
        while (reader.readPage().length > 0);
        publisher.close();

        expect(new Set(reader.seenSlots).size).toBe(reader.seenSlots.length);
        for (const slot of present) expect(reader.seenSlots).toContain(slot);
      }),
    );
  });

  it('let a program remove what it has listed, page by page, until nothing is left', () => {
    const names = Array.from({ length: 100 }, (_, index) => [`torrent ${index}`, film] as const);
    const { kernel, publisher, subscriber } = mountTrees(Object.fromEntries(names));
    const reader = new PagedReader(kernel);
    for (let page = reader.readPage(); page.length > 0; page = reader.readPage()) {
      for (const slot of page) {
        publisher.remove(slot);
        subscriber.update();
      }
    }
    expect(reader.seenSlots).toHaveLength(100);
    expect(namesIn(kernel.list(ROOT))).toEqual(['.', '..']);
  });
});

/** Lists the root as readdir(3) does: page by page, from where the last one ended. */
class PagedReader {
  readonly seenSlots: number[] = [];
  readonly #kernel: LaneHarness;
  #cookie = 0;

  constructor(kernel: LaneHarness) {
    this.#kernel = kernel;
    this.readPage(2 * 152); // the dots
  }

  /** @returns the slots of a few torrents; none at the end */
  readPage(size = 500): readonly number[] {
    const page = this.#kernel.readdir(ROOT, { cookie: this.#cookie, size, plus: true });
    if (!Array.isArray(page)) throw new Error(`readdir: ${page}`);
    this.#cookie = page.at(-1)?.cookie ?? this.#cookie;
    const slots = page.filter(({ name }) => !/^[.]{1,2}$/.test(name)).map(({ entry }) => (entry?.node ?? 0) / 2 ** 32);
    this.seenSlots.push(...slots);
    return slots;
  }
}

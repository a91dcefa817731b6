import { describe, expect, it } from 'vitest';
import type { InfoHash, TorrentRange } from '../../src/engine/index.ts';
import { FileRuns } from '../../src/read/file-runs.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { detailsOfFiles, type FileSketch } from '../fixtures/torrent-details.ts';

const KiB = 2 ** 10;
const MiB = 2 ** 20;

class Rig {
  readonly clock = new FakeClock();
  /** What the engine was told last. */
  ahead: readonly TorrentRange[] = [];
  told = 0;
  readonly runs: FileRuns;
  readonly #details;

  constructor(files: readonly FileSketch[], maxBytes = 32 * MiB) {
    this.#details = detailsOfFiles(files);
    const fetchAhead = (_: InfoHash, ranges: readonly TorrentRange[]) => {
      this.ahead = ranges;
      this.told++;
    };
    this.runs = new FileRuns({ fetchAhead, clock: this.clock, maxBytes });
  }

  get aheadBytes(): number {
    return this.ahead.reduce((sum, { start, endExclusive }) => sum + endExclusive - start, 0);
  }

  open(fileIndex: number): void {
    this.runs.opened({ ...this.#id(fileIndex), details: this.#details });
  }

  progress(fileIndex: number, position: number): void {
    this.runs.progressed(this.#id(fileIndex), position);
  }

  read(fileIndex: number, how: 'through' | 'partly' | 'unseen' = 'through'): void {
    this.open(fileIndex);
    this.runs.closed(this.#id(fileIndex), how);
  }

  #id(fileIndex: number) {
    return { infoHash: this.#details.infoHash, fileIndex };
  }
}

const small = (count: number, folders = 1): FileSketch[] =>
  Array.from({ length: count }, (_, index) => ({ path: `folder ${index % folders}/${index}`, length: 10 * KiB }));

describe('whoever reads files in order', () => {
  it('has the next ones fetched from the third on', () => {
    const rig = new Rig(small(1000));
    rig.read(0);
    rig.read(1);
    rig.open(2);
    expect(rig.ahead).toEqual([{ start: 20 * KiB, endExclusive: 20 * KiB + MiB }]);
  });

  it('has more fetched the more was read, up to the limit', () => {
    const rig = new Rig(
      Array.from({ length: 300 }, (_, index) => ({ path: `${index}`, length: 40 * KiB })),
      3 * MiB,
    );
    for (let index = 0; index < 20; index++) rig.read(index);
    expect(rig.aheadBytes).toBe(MiB);
    for (let index = 20; index < 100; index++) rig.read(index);
    expect(rig.aheadBytes).toBe(3 * MiB);
  });

  it('bothers the engine now and then only', () => {
    const rig = new Rig(small(1000));
    for (let index = 0; index < 500; index++) rig.read(index);
    expect(rig.told).toBeLessThan(30);
  });

  it('may skip some, come out of order a little, and meet files that were held already', () => {
    const rig = new Rig(small(1000));
    rig.read(0);
    rig.read(2);
    rig.read(5);
    rig.read(6, 'unseen');
    rig.open(9);
    expect(rig.aheadBytes).toBeGreaterThan(0);
  });

  it('is followed through a directory whose files lie among those of others', () => {
    const rig = new Rig(small(1000, 7));
    for (const index of [0, 7, 14]) rig.read(index);
    expect(rig.ahead.slice(0, 2)).toEqual([
      { start: 140 * KiB, endExclusive: 150 * KiB },
      { start: 210 * KiB, endExclusive: 220 * KiB },
    ]);
  });

  it('need prove little in the next directory', () => {
    const rig = new Rig([
      ...small(300),
      ...small(300).map(({ path }) => ({ path: `other/${path}`, length: 10 * KiB })),
    ]);
    for (const index of [0, 1, 2]) rig.read(index);
    rig.open(400);
    expect(rig.ahead).toEqual([]);
    rig.read(400);
    expect(rig.ahead).toEqual([{ start: 4010 * KiB, endExclusive: 4010 * KiB + MiB }]);
  });
});

describe('nothing is fetched ahead', () => {
  it('for whoever looks into files without reading them', () => {
    const rig = new Rig(small(100));
    for (let index = 0; index < 20; index++) rig.read(index, 'partly');
    expect(rig.told).toBe(0);
  });

  it('for whoever opens files that are held already', () => {
    const rig = new Rig(small(100));
    for (let index = 0; index < 20; index++) rig.read(index, 'unseen');
    expect(rig.told).toBe(0);
  });

  it('for whoever jumps about', () => {
    const rig = new Rig(small(1000));
    for (const index of [500, 3, 200, 900, 40, 700]) rig.read(index);
    expect(rig.told).toBe(0);
  });

  it('beyond a large file before its reader comes near its end', () => {
    const rig = new Rig(
      Array.from({ length: 10 }, (_, index) => ({ path: `${index}`, length: 100 * MiB })),
      8 * MiB,
    );
    for (const index of [0, 1]) rig.read(index);
    rig.open(2);
    rig.progress(2, 50 * MiB);
    expect(rig.aheadBytes).toBe(0);
    rig.progress(2, 98 * MiB);
    expect(rig.ahead).toEqual([{ start: 300 * MiB, endExclusive: 306 * MiB }]);
  });

  it('any more once the reader has not been seen for a while', () => {
    const rig = new Rig(small(100));
    for (const index of [0, 1, 2]) rig.read(index);
    expect(rig.aheadBytes).toBeGreaterThan(0);
    rig.clock.advance(10_000);
    expect(rig.ahead).toEqual([]);
    expect(rig.clock.pendingTimers).toBe(0);
  });
});

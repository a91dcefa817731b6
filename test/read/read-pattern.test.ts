import { describe, expect, it } from 'vitest';
import { ReadPattern } from '../../src/read/read-pattern.ts';
import { KiB, MiB } from './reader-rig.ts';

const GiB = 1024 * MiB;

function watch(fileLength = GiB) {
  const pattern = new ReadPattern(fileLength);
  let nowMs = 0;
  const read = (offset: number, length = 128 * KiB, { afterMs = 0, silentlyReadTo = 0 } = {}) => {
    nowMs += afterMs;
    return pattern.observe({ offset, length, nowMs, silentlyReadTo });
  };
  return { pattern, read };
}

describe('the pattern of the reads of a handle', () => {
  it('sees one cursor in sequential reads', () => {
    const { pattern, read } = watch();
    expect(read(0).kind).toBe('starts');
    for (let offset = 128 * KiB; offset < 4 * MiB; offset += 128 * KiB) expect(read(offset).kind).toBe('continues');
    expect(pattern.cursors).toMatchObject([{ position: 4 * MiB, runBytes: 4 * MiB, runReads: 32, active: true }]);
  });

  it('takes requests of one large read in any order', () => {
    const { pattern, read } = watch();
    read(0);
    for (const offset of [384, 128, 512, 256]) expect(read(offset * KiB).kind).toBe('continues');
    expect(pattern.cursors).toHaveLength(1);
    expect(pattern.cursors[0]?.position).toBe(640 * KiB);
  });

  it('starts anew at a seek, in either direction, and lets go of the old place at once', () => {
    const { pattern, read } = watch();
    read(500 * MiB);
    expect(read(100 * MiB).kind).toBe('starts');
    expect(read(800 * MiB).kind).toBe('starts');
    expect(pattern.cursors.map(cursor => cursor.active)).toEqual([true, false, false]);
  });

  it('keeps two interleaved cursors, each with its run', () => {
    const { pattern, read } = watch();
    read(0);
    read(500 * MiB);
    for (let step = 1; step < 10; step++) {
      expect(read(step * 128 * KiB).kind).toBe('continues');
      expect(read(500 * MiB + step * 128 * KiB).kind).toBe('continues');
    }
    expect(pattern.cursors.map(({ active, runReads }) => ({ active, runReads }))).toEqual([
      { active: true, runReads: 10 },
      { active: true, runReads: 10 },
    ]);
  });

  it('does not let a probe of the tail disturb the cursor', () => {
    const { pattern, read } = watch();
    read(0);
    read(128 * KiB);
    expect(read(GiB - 64 * KiB, 64 * KiB)).toEqual({ kind: 'probe' });
    expect(read(GiB - MiB, 32 * KiB)).toEqual({ kind: 'probe' });
    expect(read(256 * KiB).kind).toBe('continues');
    expect(pattern.cursors).toHaveLength(1);
  });

  it('follows a reader that begins near the end, or reads up to it', () => {
    const begins = watch();
    expect(begins.read(GiB - 256 * KiB).kind).toBe('starts');
    expect(begins.read(GiB - 128 * KiB).kind).toBe('continues');

    const arrives = watch(2 * MiB);
    for (let offset = 0; offset < 2 * MiB; offset += 128 * KiB) expect(arrives.read(offset).kind).not.toBe('probe');
  });

  it('follows reads that it was not told of, as far as they are known to be sequential', () => {
    const { pattern, read } = watch();
    read(0);
    expect(read(20 * MiB, 128 * KiB, { silentlyReadTo: 20 * MiB }).kind).toBe('continues');
    expect(pattern.cursors[0]).toMatchObject({ position: 20 * MiB + 128 * KiB, runBytes: 20 * MiB + 128 * KiB });
    expect(read(60 * MiB).kind).toBe('starts');
  });

  it('knows a cursor again as far as it may have come untold', () => {
    const { pattern, read } = watch();
    read(0, MiB);
    const [cursor] = pattern.cursors;
    if (cursor !== undefined) cursor.mark = 4 * MiB;
    read(GiB - 64 * KiB, 64 * KiB);
    expect(read(3.5 * MiB).kind).toBe('continues');
    expect(pattern.cursors).toMatchObject([{ position: 3.625 * MiB, runBytes: 1.125 * MiB }]);
    expect(read(6 * MiB).kind).toBe('starts');
  });

  it('takes the late report of a sequential read for no step back', () => {
    const { pattern, read } = watch();
    read(0, MiB);
    read(9 * MiB, MiB, { silentlyReadTo: 10 * MiB });
    expect(read(3 * MiB, MiB, { silentlyReadTo: 10 * MiB }).kind).toBe('continues');
    expect(pattern.cursors).toMatchObject([{ position: 10 * MiB, active: true }]);
    expect(read(3 * MiB, MiB).kind).toBe('starts');
  });

  it('counts what a reader skipped as position, not as proof', () => {
    const { pattern, read } = watch();
    read(0);
    read(900 * KiB, 64 * KiB);
    expect(pattern.cursors[0]).toMatchObject({ position: 964 * KiB, runBytes: 192 * KiB });
  });

  it('remembers a handful of places and no more', () => {
    const { pattern, read } = watch();
    for (let place = 0; place < 50; place++) read(place * 10 * MiB);
    expect(pattern.cursors.length).toBeLessThanOrEqual(4);
  });

  it('measures how fast the reader takes its bytes, a pause included', () => {
    const { pattern, read } = watch();
    const rate = (): number => pattern.cursors[0]?.bytesPerSecond ?? 0;
    read(0);
    for (let step = 1; step <= 20; step++) read(step * 128 * KiB, 128 * KiB, { afterMs: 125 });
    expect(rate()).toBeCloseTo(MiB, -5);
    read(21 * 128 * KiB, 128 * KiB, { afterMs: 60_000 });
    expect(rate()).toBeLessThan(0.6 * MiB);
  });
});

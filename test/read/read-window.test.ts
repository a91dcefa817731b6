import { describe, expect, it } from 'vitest';
import { readWindow } from '../../src/read/read-window.ts';
import { KiB, MiB } from './reader-rig.ts';

const proven = { position: 0, mark: 0, runBytes: 100 * MiB, runReads: 100, active: true, bytesPerSecond: undefined };

describe('the window of a cursor', () => {
  it('is nothing before two reads in sequence that are more than a sniff', () => {
    expect(readWindow({ ...proven, runBytes: MiB, runReads: 1 }, 32 * MiB)).toBe(0);
    expect(readWindow({ ...proven, runBytes: 64 * KiB, runReads: 8 }, 32 * MiB)).toBe(0);
  });

  it('doubles from 1 MiB as the run does, up to the maximum', () => {
    const windows = [0.25, 1, 2, 4, 8, 16, 32].map(
      run => readWindow({ ...proven, runBytes: run * MiB }, 32 * MiB) / MiB,
    );
    expect(windows).toEqual([1, 2, 4, 8, 16, 32, 32]);
  });

  it('is some seconds of what a slow reader takes, and never less than 1 MiB', () => {
    expect(readWindow({ ...proven, bytesPerSecond: MiB }, 32 * MiB)).toBe(10 * MiB);
    expect(readWindow({ ...proven, bytesPerSecond: 10 }, 32 * MiB)).toBe(MiB);
    expect(readWindow({ ...proven, bytesPerSecond: 500 * MiB }, 32 * MiB)).toBe(32 * MiB);
  });

  it('is nothing for a cursor that was left, or where nothing is to be read ahead', () => {
    expect(readWindow({ ...proven, active: false }, 32 * MiB)).toBe(0);
    expect(readWindow(proven, 0)).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import { SpareBuffers } from '../../src/util/spare-buffers.ts';

const KiB = 2 ** 10;

describe('spare buffers', () => {
  it('are given out again, once each, to whoever asks for the same size', () => {
    const buffers = new SpareBuffers(64 * KiB);
    const first = buffers.take(32 * KiB);
    buffers.giveBack(first);
    expect(buffers.take(16 * KiB)).toHaveLength(16 * KiB);
    expect(buffers.take(32 * KiB)).toBe(first);
    expect(buffers.take(32 * KiB)).not.toBe(first);
  });

  it('make room for newer ones, so that a size nobody asks for any more is not kept', () => {
    const buffers = new SpareBuffers(64 * KiB);
    const old = [buffers.take(32 * KiB), buffers.take(32 * KiB)];
    for (const buffer of old) buffers.giveBack(buffer);
    const fresh = buffers.take(64 * KiB);
    buffers.giveBack(fresh);
    expect(old).not.toContain(buffers.take(32 * KiB));
    expect(buffers.take(64 * KiB)).toBe(fresh);
  });

  it('larger than the limit are not kept', () => {
    const buffers = new SpareBuffers(64 * KiB);
    const large = buffers.take(128 * KiB);
    buffers.giveBack(large);
    expect(buffers.take(128 * KiB)).not.toBe(large);
  });
});

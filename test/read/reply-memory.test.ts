import { describe, expect, it } from 'vitest';
import { ReplyMemory } from '../../src/read/reply-memory.ts';
import { KiB, MiB } from './reader-rig.ts';

describe('the memory of answers', () => {
  it('is used again once it was given back, and not before', () => {
    const memory = new ReplyMemory();
    const first = memory.take(MiB);
    const second = memory.take(200 * KiB);
    expect(second).toHaveLength(200 * KiB);
    expect(second.buffer).not.toBe(first.buffer);
    memory.giveBack(first);
    expect(memory.take(MiB).buffer).toBe(first.buffer);
  });

  it('is given back once, however often it is said', () => {
    const memory = new ReplyMemory();
    const bytes = memory.take(MiB);
    for (const _ of [1, 2, 3]) memory.giveBack(bytes);
    expect(memory.take(MiB).buffer).not.toBe(memory.take(MiB).buffer);
  });

  it('does not mind what is not its own, nor what is too small or too large to keep', () => {
    const memory = new ReplyMemory();
    for (const length of [0, 1, 4 * KiB, 2 * MiB]) memory.giveBack(memory.take(length));
    const other = new Uint8Array(MiB);
    memory.giveBack(other);
    expect(memory.take(MiB).buffer).not.toBe(other.buffer);
  });
});

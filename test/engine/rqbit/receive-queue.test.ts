import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReceiveQueue } from '../../../src/engine/rqbit/receive-queue.ts';
import { patternContent } from '../../fixtures/content.ts';

const KiB = 1024;
const content = patternContent(4 * 1024 * KiB);

describe('the queue between a socket and its reader', () => {
  it('gives what was put in, in order, and never has more than a few pieces', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('fill' as const), bytes: fc.integer({ min: 1, max: 300 * KiB }) }),
      fc.record({ kind: fc.constant('take' as const), bytes: fc.integer({ min: 1, max: 300 * KiB }) }),
    );
    const range = fc.tuple(fc.nat(600 * KiB), fc.integer({ min: 1, max: 3000 * KiB }));
    fc.assert(
      fc.property(range, fc.array(step, { maxLength: 200 }), ([start, length], steps) => {
        const endExclusive = start + length;
        const queue = new ReceiveQueue({ start, endExclusive });
        const memories = new Set<unknown>();
        let isPaused = false;
        for (const { kind, bytes } of steps) {
          if (kind === 'fill' && !isPaused && queue.receivedUpTo < endExclusive) {
            const space = queue.space();
            memories.add(space.buffer);
            const count = Math.min(bytes, space.length);
            space.set(content.read(queue.receivedUpTo, count));
            queue.filled(count);
            isPaused = !queue.hasRoom;
          } else if (kind === 'take') {
            const { position } = queue;
            const taken = queue.take(bytes);
            expect(taken === undefined).toBe(position === queue.receivedUpTo);
            if (taken === undefined) continue;
            expect(queue.position).toBe(position + taken.length);
            expect(Buffer.from(taken).equals(content.read(position, taken.length))).toBe(true);
            if (queue.hasRoom) isPaused = false;
          }
        }
        expect(memories.size).toBeLessThanOrEqual(4);
      }),
      { numRuns: 100 },
    );
  });

  it('leaves alone what the reader was given until it takes more', () => {
    const queue = new ReceiveQueue({ start: 0, endExclusive: 2 ** 22 });
    queue.space().fill(1);
    queue.filled(256 * KiB);
    const taken = queue.take(256 * KiB);
    while (queue.hasRoom) {
      queue.space().fill(2);
      queue.filled(256 * KiB);
    }
    expect(taken?.every(byte => byte === 1)).toBe(true);
  });
});

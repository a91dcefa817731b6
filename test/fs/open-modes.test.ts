import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileState } from '../../src/engine/index.ts';
import { OpenModes, type Verified } from '../../src/fs/open-modes.ts';

const verified = 'as verified' as FileState;
const whole: Verified = { file: { path: '/f', state: verified, mayHang: false }, fd: 3 };

function setUp(ids: (number | undefined)[] = []) {
  const closed: number[] = [];
  const opened: number[] = [];
  const states = new Map<string, FileState>();
  const modes = new OpenModes({
    openBacking(fd) {
      opened.push(fd);
      return ids.shift();
    },
    closeBacking: id => closed.push(id),
    stateNow: path => states.get(path),
  });
  return { modes, opened, closed, states };
}

describe('the mode of an open', () => {
  it('is direct while bytes are missing, and cached when none is and passthrough is refused', () => {
    const { modes } = setUp();
    expect(modes.acquire(1, undefined)).toEqual({ kind: 'direct' });
    expect(modes.acquire(2, whole)).toEqual({ kind: 'cached' });
    expect(modes.acquire(2, undefined)).toEqual({ kind: 'direct' });
  });

  it('is passthrough for a whole file, the same for all who have it open, and again anew later', () => {
    const { modes, opened, closed } = setUp([7, 8]);
    expect(modes.acquire(1, whole)).toEqual({ kind: 'passthrough', backingId: 7 });
    expect(modes.acquire(1, whole)).toEqual({ kind: 'passthrough', backingId: 7 });
    expect(opened).toEqual([3]);
    modes.release(1);
    expect(closed).toEqual([]);
    modes.release(1);
    expect(closed).toEqual([7]);
    expect(modes.acquire(1, whole)).toEqual({ kind: 'passthrough', backingId: 8 });
  });

  it('is cached for a whole file that is not to be handed to the kernel', () => {
    const { modes } = setUp([7]);
    expect(modes.acquire(1, { ...whole, fd: undefined })).toEqual({ kind: 'cached' });
    expect([modes.mayBegin(1), modes.mayBegin(2)]).toEqual([false, true]);
  });

  it('is not known to be unchanged where a look at the file might hang', () => {
    const { modes, states } = setUp([7]);
    states.set('/f', verified);
    modes.acquire(1, { ...whole, file: { ...whole.file, mayHang: true } });
    expect(modes.unchanged(1)).toBeUndefined();
  });

  it('does not become passthrough while the file is open otherwise', () => {
    const { modes } = setUp([7]);
    modes.acquire(1, undefined);
    expect(modes.acquire(1, whole)).toEqual({ kind: 'cached' });
    modes.release(1);
    modes.release(1);
    expect(modes.acquire(1, whole)?.kind).toBe('passthrough');
  });

  it('is none for a file that changed while it is open for passthrough', () => {
    const { modes, closed } = setUp([7]);
    modes.acquire(1, whole);
    expect(modes.acquire(1, undefined)).toBeUndefined();
    modes.release(1);
    expect(closed).toEqual([7]);
  });

  it('stays passthrough while the file is known to be what it was, though nobody can tell where it lies', () => {
    const { modes, states } = setUp([7]);
    states.set('/f', verified);
    expect(modes.unchanged(1)).toBeUndefined();
    modes.acquire(1, whole);
    expect(modes.unchanged(1)?.file).toBe(whole.file);
    expect(modes.acquire(1, undefined)).toEqual({ kind: 'passthrough', backingId: 7 });
    states.set('/f', 'written to' as FileState);
    expect(modes.unchanged(1)).toBeUndefined();
    expect(modes.acquire(1, undefined)).toBeUndefined();
  });

  it('never mixes passthrough with another on one inode, and closes what it opened', () => {
    const operation = fc.record({
      node: fc.constantFrom(1, 2),
      what: fc.constantFrom('open whole', 'open partial', 'close'),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), fc.array(fc.boolean()), (operations, refusals) => {
        let lastId = 0;
        const live = new Set<number>();
        const modes = new OpenModes({
          openBacking() {
            if (refusals[lastId]) return undefined;
            lastId += 1;
            live.add(lastId);
            return lastId;
          },
          closeBacking: id => expect(live.delete(id)).toBe(true),
          stateNow: () => undefined,
        });
        const open = new Map<number, string[]>([
          [1, []],
          [2, []],
        ]);
        for (const { node, what } of operations) {
          const handles = open.get(node) ?? [];
          if (what === 'close') {
            if (handles.pop() !== undefined) modes.release(node);
          } else {
            const mode = modes.acquire(node, what === 'open whole' ? whole : undefined);
            if (mode !== undefined)
              handles.push(mode.kind === 'passthrough' ? `passthrough ${mode.backingId}` : 'other');
          }
          expect(new Set(handles).size).toBeLessThanOrEqual(1);
          expect(live.size).toBe([...open.values()].filter(kinds => kinds[0]?.startsWith('passthrough')).length);
        }
      }),
    );
  });
});

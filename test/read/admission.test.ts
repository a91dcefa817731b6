import { describe, expect, it } from 'vitest';
import { parseInfoHash } from '../../src/engine/index.ts';
import { Admission } from '../../src/read/admission.ts';

const [dead, healthy] = ['d', '1'].map(digit => parseInfoHash(digit.repeat(40)));
if (!dead || !healthy) throw new Error('not info hashes');

describe('admission', () => {
  it('turns away the reads of a torrent that has its share waiting, and takes those of others', () => {
    const admission = new Admission({ perTorrent: 2, total: 3 });
    const leave = admission.enter(dead);
    admission.enter(dead);
    expect(() => admission.enter(dead)).toThrow(expect.objectContaining({ code: 'too-many-waiters' }));
    admission.enter(healthy);
    expect(() => admission.enter(healthy)).toThrow(expect.objectContaining({ code: 'too-many-waiters' }));
    leave();
    expect(admission.waiting(dead)).toBe(1);
    admission.enter(healthy);
    expect([admission.total, admission.refused]).toEqual([3, 2]);
  });
});

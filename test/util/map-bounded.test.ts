import { describe, expect, it } from 'vitest';
import { mapBounded } from '../../src/util/map-bounded.ts';

describe('mapBounded', () => {
  it('keeps the order and never has more than the limit at work', async () => {
    let atWork = 0;
    let most = 0;
    const squares = await mapBounded([1, 2, 3, 4, 5, 6, 7], 3, async number => {
      most = Math.max(most, ++atWork);
      await new Promise(resolve => setImmediate(resolve));
      atWork--;
      return number * number;
    });
    expect(squares).toEqual([1, 4, 9, 16, 25, 36, 49]);
    expect(most).toBe(3);
  });

  it('begins nothing new after a failure', async () => {
    const begun: number[] = [];
    const failing = mapBounded([1, 2, 3, 4], 1, async number => {
      begun.push(number);
      if (number === 2) throw new Error('two');
    });
    await expect(failing).rejects.toThrow('two');
    expect(begun).toEqual([1, 2]);
  });
});

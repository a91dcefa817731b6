import { describe, expect, test } from 'vitest';
import { PeerPace } from '../../../src/engine/embedded/peer-pace.ts';

/** Asked at 0 ms; a thousand bytes after every so many ms. */
function paceOf(count: number, msEach: number): { pace: PeerPace; endMs: number } {
  const pace = new PeerPace(0);
  for (let block = 1; block <= count; block++) pace.arrived(1000, block * msEach);
  return { pace, endMs: count * msEach };
}

describe('the pace of a peer', () => {
  test('is not known before it has brought anything', () => {
    expect(new PeerPace(5).bytesPerSecond).toBe(0);
  });

  test('is what it brings in the time in which it owes something', () => {
    expect(paceOf(50, 10).pace.bytesPerSecond).toBeCloseTo(100_000);
  });

  test('does not suffer from a pause in which nothing is asked', () => {
    const { pace, endMs } = paceOf(50, 10);
    pace.asked(endMs + 3_600_000);
    pace.arrived(1000, endMs + 3_600_010);
    expect(pace.bytesPerSecond).toBeCloseTo(100_000);
  });

  test('follows a peer that becomes slower within seconds', () => {
    const { pace, endMs } = paceOf(500, 10);
    for (let second = 1; second <= 6; second++) pace.arrived(1000, endMs + second * 1000);
    expect(pace.bytesPerSecond).toBeLessThan(12_000);
  });

  test('counts what comes at once as of one time', () => {
    const pace = new PeerPace(0);
    for (let block = 0; block < 16; block++) pace.arrived(1000, 100);
    expect(pace.bytesPerSecond).toBeCloseTo(160_000);
  });

  test('tells for how long a peer has owed what it does not bring', () => {
    const { pace, endMs } = paceOf(2, 10);
    pace.asked(endMs + 500);
    expect(pace.silentMs(endMs + 700)).toBe(200);
  });
});

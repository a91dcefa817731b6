import { beforeEach, describe, expect, it } from 'vitest';
import { parseInfoHash } from '../../../src/engine/index.ts';
import { StuckFetches } from '../../../src/engine/rqbit/stuck-fetches.ts';
import type { InfoHash } from '../../../src/engine/torrent.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';

const infoHash = parseInfoHash('1'.repeat(40)) as InfoHash;

let clock: FakeClock;
/** When the torrent was restarted, in milliseconds. */
let restarts: number[];
let stuck: StuckFetches;

beforeEach(() => {
  clock = new FakeClock();
  restarts = [];
  const restarter = { restart: async () => void restarts.push(clock.now()) };
  stuck = new StuckFetches({ restarter, logger: silentLogger, clock });
});

/** A reader that waits, seen twice a second, of a torrent with so many bytes fetched. */
function waitingReader(fetchedBytes: (look: number) => number, milliseconds: number): void {
  for (let look = 0; look * 500 < milliseconds; look++) {
    stuck.observe(infoHash, fetchedBytes(look));
    clock.advance(500);
  }
}

describe('a torrent with connected peers from which nothing comes', () => {
  it('is restarted after a second and a half, and then left alone, longer each time', () => {
    waitingReader(() => 1000, 100_000);
    expect(restarts).toEqual([1500, 31_500, 91_500]);
  });

  it('is left alone while bytes come', () => {
    waitingReader(look => look, 100_000);
    expect(restarts).toEqual([]);
  });

  it('is waited for anew when it was forgotten meanwhile', () => {
    stuck.observe(infoHash, 1000);
    stuck.forget(infoHash);
    clock.advance(1500);
    stuck.observe(infoHash, 1000);
    expect(restarts).toEqual([]);
    clock.advance(1500);
    stuck.observe(infoHash, 1000);
    expect(restarts).toEqual([3000]);
  });

  it('is waited for anew when nobody was seen to wait for five seconds', () => {
    stuck.observe(infoHash, 1000);
    clock.advance(5000);
    stuck.observe(infoHash, 1000);
    expect(restarts).toEqual([]);
    clock.advance(4999);
    stuck.observe(infoHash, 1000);
    expect(restarts).toEqual([9999]);
  });
});

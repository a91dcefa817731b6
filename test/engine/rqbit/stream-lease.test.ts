import { expect, test } from 'vitest';
import { HeldLease } from '../../../src/engine/rqbit/stream-lease.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';

const { signal } = new AbortController();
const request = { signal, torrent: 't', isHeld: false, hadTurnInVain: false, priority: () => 0, onRevoked: () => {} };

function setUp() {
  const clock = new FakeClock();
  return { clock, lease: new HeldLease(request, true, clock, () => {}) };
}

test('a lease in doubt is so until bytes come', () => {
  const { clock, lease } = setUp();
  expect([lease.isDoubtful, lease.hasDelivered]).toEqual([true, false]);
  clock.advance(5);
  lease.progressed();
  expect([lease.isDoubtful, lease.hasDelivered, lease.since]).toEqual([false, true, 5]);
});

test('a lease knows since when it is read from, or is not, however often it is told', () => {
  const { clock, lease } = setUp();
  clock.advance(1);
  lease.wanted();
  expect([lease.isWanted, lease.since]).toEqual([true, 0]);
  lease.idle();
  clock.advance(1);
  lease.idle();
  expect([lease.isWanted, lease.since]).toEqual([false, 1]);
  lease.wanted();
  expect([lease.isWanted, lease.since, lease.grantedAt]).toEqual([true, 2, 0]);
});

import { describe, expect, it } from 'vitest';
import { WindowLedger, type WindowOwner } from '../../src/read/window-ledger.ts';

class Owner implements WindowOwner {
  revocations = 0;
  readonly priority: number;
  constructor(priority = 0) {
    this.priority = priority;
  }
  revoked(): void {
    this.revocations++;
  }
}

describe('the ledger of windows', () => {
  it('takes from whoever was idle for longest, never from who asks', () => {
    const ledger = new WindowLedger(10);
    const [paused, slow, busy] = [new Owner(), new Owner(), new Owner()];
    expect(ledger.grant(paused, 4)).toBe(4);
    expect(ledger.grant(slow, 4)).toBe(4);
    expect(ledger.grant(busy, 6)).toBe(6);
    expect([paused.revocations, slow.revocations, busy.revocations]).toEqual([1, 0, 0]);
    expect(ledger.grant(slow, 4)).toBe(4);
    expect(ledger.grant(paused, 100)).toBe(10);
    expect([slow.revocations, busy.revocations]).toEqual([1, 1]);
    expect(ledger.total).toBe(10);
    ledger.release(paused);
    ledger.release(paused);
    expect(ledger.total).toBe(0);
  });

  it('takes from the lowest priority first, and gives it nothing where the others leave nothing', () => {
    const ledger = new WindowLedger(10);
    const [high, low, normal] = [new Owner(1), new Owner(-1), new Owner()];
    ledger.grant(high, 4);
    ledger.grant(low, 4);
    expect(ledger.grant(normal, 4)).toBe(4);
    expect([high.revocations, low.revocations]).toEqual([0, 1]);
    expect(ledger.grant(low, 4)).toBe(0);
    expect([high.revocations, low.revocations, normal.revocations]).toEqual([0, 1, 0]);
    expect(ledger.total).toBe(8);
  });

  it('grants nothing out of nothing', () => {
    expect(new WindowLedger(0).grant(new Owner(), 5)).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import { observeSilence, observeState, type StateMemory } from '../../src/catalog/torrent-state.ts';
import type { InfoHash, TorrentSummary } from '../../src/engine/index.ts';

const options = { stalledTimeoutMs: 300_000 };
const fresh: StateMemory = { state: 'initializing', wantedSinceMs: undefined, summary: undefined };

const summary: TorrentSummary = {
  infoHash: '00' as InfoHash,
  name: 'x',
  engineId: undefined,
  state: 'live',
  error: undefined,
  totalBytes: 1000,
  progressBytes: 400,
  wantsMore: false,
  peersConnected: 1,
  peersKnown: 1,
  downloadSpeed: 0,
  uploadSpeed: 0,
  fetchedBytes: 400,
};

function stateOf(change: Partial<TorrentSummary>, hasMetadata = true): string {
  return observeState(fresh, { nowMs: 0, hasMetadata, summary: { ...summary, ...change } }, options).state;
}

describe('the state of a torrent', () => {
  it.each([
    ['resolving', { progressBytes: 0, totalBytes: 0 }, false],
    ['error', { state: 'error' }, false],
    ['initializing', { state: 'initializing', progressBytes: 1000 }, true],
    ['paused', { state: 'paused', progressBytes: 1000 }, true],
    ['error', { state: 'error' }, true],
    ['idle', {}, true],
    ['downloading', { wantsMore: true }, true],
    ['seeding', { progressBytes: 1000 }, true],
    ['seeding', { progressBytes: 0, totalBytes: 0 }, true],
  ] as const)('is %s when the engine says %o and the metadata is known: %s', (state, change, hasMetadata) => {
    expect(stateOf(change, hasMetadata)).toBe(state);
  });

  it('is stalled when bytes are wanted and none came for the timeout, and downloading when one comes', () => {
    const polls: [number, Partial<TorrentSummary>, string][] = [
      [0, {}, 'idle'],
      [1_000_000, { wantsMore: true }, 'downloading'],
      [1_299_999, { wantsMore: true }, 'downloading'],
      [1_300_000, { wantsMore: true }, 'stalled'],
      [1_400_000, { wantsMore: true, fetchedBytes: 401 }, 'downloading'],
      [1_600_000, { wantsMore: true, fetchedBytes: 401, progressBytes: 401 }, 'downloading'],
      [1_899_999, { wantsMore: true, fetchedBytes: 401, progressBytes: 401 }, 'downloading'],
      [1_900_000, { wantsMore: true, fetchedBytes: 401, progressBytes: 401 }, 'stalled'],
      [2_000_000, { wantsMore: false, fetchedBytes: 401, progressBytes: 401 }, 'idle'],
      [9_000_000, { wantsMore: true, fetchedBytes: 401, progressBytes: 401 }, 'downloading'],
    ];
    let memory = fresh;
    for (const [nowMs, change, state] of polls) {
      memory = observeState(memory, { nowMs, hasMetadata: true, summary: { ...summary, ...change } }, options);
      expect(memory.state, `at ${nowMs}`).toBe(state);
    }
  });

  it('does not take a counter that fell for a byte that came', () => {
    const before: StateMemory = { state: 'stalled', wantedSinceMs: 0, summary };
    const restarted = { ...summary, wantsMore: true, fetchedBytes: 0 };
    expect(observeState(before, { nowMs: 300_000, hasMetadata: true, summary: restarted }, options).state).toBe(
      'stalled',
    );
  });

  it('is unknown after two silent polls, and then what the engine says', () => {
    const seeding: StateMemory = { state: 'seeding', wantedSinceMs: undefined, summary };
    expect(observeSilence(seeding, 1)).toBe(seeding);
    const silent = observeSilence(seeding, 2);
    expect(silent.state).toBe('unknown');
    expect(observeState(silent, { nowMs: 1, hasMetadata: true, summary }, options).state).toBe('idle');
  });

  it('is resolving however long the engine is silent', () => {
    expect(observeSilence({ ...fresh, state: 'resolving' }, 9).state).toBe('resolving');
  });
});

import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from '../../src/catalog/journal.ts';
import type { JournalRecord } from '../../src/catalog/journal-records.ts';
import { type JournalState, MutableJournalState } from '../../src/catalog/journal-state.ts';
import { type InfoHash, parseInfoHash } from '../../src/engine/index.ts';
import { silentLogger } from '../../src/util/logger.ts';

describe('the journal', () => {
  let dir: string;
  let path: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'torrent-fuse-journal-'));
    path = join(dir, 'journal.jsonl');
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const open = () => Journal.open(dir, { logger: silentLogger });
  const reopened = () => {
    const journal = open();
    const state = plain(journal.state);
    journal.close();
    return state;
  };

  it('begins empty, readable by its owner alone', () => {
    expect(reopened()).toEqual(plain(new MutableJournalState()));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('reopens, cut at any byte, with the records that were whole', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), fc.double({ min: 0, max: 1, noNaN: true }), (records, cutAt) => {
        rmSync(path, { force: true });
        const journal = open();
        const ends = records.map(one => {
          journal.append(one);
          return statSync(path).size;
        });
        journal.close();
        const size = Math.floor(cutAt * statSync(path).size);
        truncateSync(path, size);
        const whole = records.filter((_, index) => (ends[index] ?? 0) <= size);
        expect(reopened()).toEqual(plain(fold(whole)));
      }),
      { numRuns: 60 },
    );
  });

  it('goes on after a crash without gluing a record to half of another', () => {
    const journal = open();
    journal.append({ type: 'engine', engine: 'rqbit' });
    journal.close();
    appendFileSync(path, '{"type":"engine","eng');
    const again = open();
    again.append({ type: 'watched', name: 'a.torrent', identity: '1' });
    again.close();
    expect(reopened()).toMatchObject({ engine: 'rqbit', watched: [['a.torrent', '1']] });
  });

  it('writes nothing once it is closed, for its descriptor may be another file', () => {
    const journal = open();
    journal.append({ type: 'engine', engine: 'rqbit' });
    journal.close();
    const other = openSync(join(dir, 'other'), 'w');
    try {
      const append = () => journal.append({ type: 'watched', name: 'a.torrent', identity: '1' });
      expect(append).toThrow(expect.objectContaining({ code: 'stopped' }));
      journal.close();
      writeSync(other, 'its own');
    } finally {
      closeSync(other);
    }
    expect(readFileSync(join(dir, 'other'), 'utf8')).toBe('its own');
    expect(reopened()).toMatchObject({ engine: 'rqbit', watched: [] });
  });

  it('skips a damaged line in the middle, and keeps a copy of the file', () => {
    const journal = open();
    journal.append({ type: 'engine', engine: 'rqbit' });
    journal.close();
    appendFileSync(path, '{"type":"torrent","infoHash":"dama\n');
    appendFileSync(path, `${JSON.stringify({ type: 'watched', name: 'a', identity: '1' })}\n`);
    expect(reopened()).toMatchObject({ engine: 'rqbit', watched: [['a', '1']] });
    expect(readFileSync(`${path}.damaged`, 'utf8')).toContain('dama\n');
    expect(readFileSync(path, 'utf8')).not.toContain('dama');
  });

  it('of a newer version is refused, and left alone', () => {
    const content = '{"journal":"torrent-fuse","version":2}\n{"type":"engine","engine":"rqbit"}\n';
    writeFileSync(path, content);
    expect(open).toThrow(/newer torrent-fuse \(journal version 2/);
    expect(readFileSync(path, 'utf8')).toBe(content);
  });

  it('stays in proportion to what it says', () => {
    const journal = open();
    for (let i = 0; i < 30; i++) {
      const renames = Array.from({ length: 100 }, (_, j): JournalRecord => {
        return { type: 'renamed', infoHash: hashes[0], entryName: `name ${i} ${j}` };
      });
      journal.append({ type: 'torrent', infoHash: hashes[0], name: 'n', addedAtSeconds: 1, own: true }, ...renames);
    }
    journal.close();
    expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThan(1200);
    expect(reopened().torrents).toEqual([[hashes[0], expect.objectContaining({ renamedTo: 'name 29 99' })]]);
  });
});

describe('the state of the journal', () => {
  it('written out anew means the same', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 40 }), records => {
        const state = fold(records);
        expect(unordered(fold([...state.records()]))).toEqual(unordered(state));
      }),
      { numRuns: 500 },
    );
  });

  it('keeps what a removed torrent was until the engine has been told', () => {
    const removed: JournalRecord[] = [
      { type: 'torrent', infoHash: hashes[0], name: 'n', addedAtSeconds: 1, own: true },
      { type: 'renamed', infoHash: hashes[0], entryName: 'm' },
      { type: 'removed', infoHash: hashes[0], name: 'm', deleteData: false, atSeconds: 2 },
    ];
    expect(plain(fold(removed))).toMatchObject({ torrents: [], forgotten: [[hashes[0], { name: 'm' }]] });
    const restored = fold([...removed, { type: 'restored', infoHash: hashes[0] }]);
    expect(plain(restored)).toMatchObject({ torrents: [[hashes[0], { renamedTo: 'm' }]], forgotten: [], removals: [] });
  });

  it('has no removal of a torrent that was added again', () => {
    const source = { kind: 'magnet', infoHash: hashes[0], uri: 'magnet:' } as const;
    const state = fold([
      { type: 'removed', infoHash: hashes[0], name: 'm', deleteData: true, atSeconds: 2 },
      { type: 'pending', id: '1', source, origin: 'x', peers: [], atSeconds: 3 },
    ]);
    expect(plain(state)).toMatchObject({ removals: [], forgotten: [], pending: [['1', { source }]] });
  });
});

function fold(records: readonly JournalRecord[]): MutableJournalState {
  const state = new MutableJournalState();
  for (const one of records) state.apply(one);
  return state;
}

function plain(state: JournalState) {
  return {
    engine: state.engine,
    pending: [...state.pending],
    torrents: [...state.torrents],
    removals: [...state.removals],
    forgotten: [...state.forgotten],
    settings: [...state.settings],
    watched: [...state.watched],
  };
}

/** Only torrents and pending adds have an order that anybody sees. */
function unordered(state: JournalState) {
  return {
    ...plain(state),
    removals: new Map(state.removals),
    forgotten: new Map(state.forgotten),
    settings: new Map(state.settings),
  };
}

const hashes = ['aa', 'bb', 'cc'].map(pair => hashOf(pair.repeat(20))) as [InfoHash, InfoHash, InfoHash];

function hashOf(text: string): InfoHash {
  const infoHash = parseInfoHash(text);
  if (infoHash === undefined) throw new Error(`${text} is no info hash`);
  return infoHash;
}

const infoHash = fc.constantFrom(...hashes);
const atSeconds = fc.integer({ min: 0, max: 2 ** 31 });
const name = fc.string({ unit: 'binary', maxLength: 10 });
const source = fc.oneof(
  fc.record({ kind: fc.constant('magnet' as const), infoHash, uri: name }),
  fc.record({ kind: fc.constant('url' as const), url: fc.webUrl() }),
  fc.record({ kind: fc.constant('metainfo' as const), infoHash }),
);
const settings = fc.record(
  { policy: fc.constantFrom('wait' as const, 'eagain' as const), pin: fc.boolean() },
  { requiredKeys: [] },
);
const id = fc.constantFrom('1', '2', '3');

const record: fc.Arbitrary<JournalRecord> = fc.oneof(
  fc.record({ type: fc.constant('engine' as const), engine: name }),
  fc.record({ type: fc.constant('pending' as const), id, source, origin: name, peers: fc.array(name), atSeconds }),
  fc.record({ type: fc.constant('pending-done' as const), id }),
  fc.record({ type: fc.constant('torrent' as const), infoHash, name, addedAtSeconds: atSeconds, own: fc.boolean() }),
  fc.record({ type: fc.constant('vanished' as const), infoHash }),
  fc.record({ type: fc.constant('renamed' as const), infoHash, entryName: name }),
  fc.record({ type: fc.constant('removed' as const), infoHash, name, deleteData: fc.boolean(), atSeconds }),
  fc.record({ type: fc.constant('removal-done' as const), infoHash }),
  fc.record({ type: fc.constant('restored' as const), infoHash }),
  fc.record({
    type: fc.constant('settings' as const),
    infoHash: fc.option(infoHash),
    path: fc.array(fc.constantFrom('a', 'b')),
    settings,
  }),
  fc.record({ type: fc.constant('watched' as const), name, identity: fc.option(name) }),
);

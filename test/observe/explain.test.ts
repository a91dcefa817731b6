import { describe, expect, test } from 'vitest';
import { type ExplainInput, explain } from '../../src/observe/explain.ts';
import { explanationJson } from '../../src/observe/explain-json.ts';
import { explanationText } from '../../src/observe/explain-text.ts';
import type { FilePieces, HolderFigures, OpenFile, TorrentFigures, WaitingRead } from '../../src/observe/snapshot.ts';
import { torrentFigures } from '../fakes/mount-snapshot.ts';

const MiB = 2 ** 20;
const atMs = 1_700_000_000_000;
const file = { infoHash: '1'.repeat(40), fileIndex: 0 };

describe('explain', () => {
  test('complete: there is nothing to wait for', () => {
    const text = textOf({ torrent: { state: 'seeding', progressBytes: 1000 }, held: 0xff });
    expect(text).toContain('films/a.mkv: complete, every read is answered at once\n');
    expect(text).toMatch(/estimate {2}readable now\n/);
    expect(text).toContain('100 % of the torrent is here');
  });

  test('complete, and on this disk: a silent engine does not matter', () => {
    expect(situationOf({ held: 0xff, engineDown: true, isLocal: true })).toBe('complete');
  });

  test('complete, but only the engine can read it: a silent engine matters', () => {
    expect(situationOf({ held: 0xff, engineDown: true })).toBe('engine-down');
  });

  test('engine down: says where it should be, and why it did not answer', () => {
    const text = textOf({ engineDown: true, waiting: [waitingRead({})] });
    expect(text).toContain('the engine does not answer');
    expect(text).toContain('rqbit at http://127.0.0.1:3030, connection refused');
    expect(text).toContain('advice    Start the engine');
  });

  test('paused: tells the command that resumes it', () => {
    const text = textOf({ torrent: { state: 'paused' } });
    expect(text).toContain('paused and the bytes are missing');
    expect(text).toContain('torrent-fuse resume');
  });

  test('paused, but what was read is here: readable', () => {
    expect(situationOf({ torrent: { state: 'paused' }, held: 0x80, lastRead: { start: 0, endExclusive: 10 } })).toBe(
      'readable',
    );
  });

  test('no peers: names the missing pieces, the wait and its deadline', () => {
    const text = textOf({
      torrent: { peersKnown: 0 },
      waiting: [waitingRead({ start: 2 * MiB, endExclusive: 3.5 * MiB })],
    });
    expect(text).toContain('there is no peer to fetch from');
    expect(text).toContain('waiting reads need pieces 2–3 of the file; missing: 2–3 (2.00 MiB)');
    expect(text).toContain(
      '1.50 MiB at offset 2097152 for 12 s, the last byte came 10 s ago, fails in 20 s if none comes',
    );
    expect(text).toContain('0 connected, 0 known');
    expect(text).toContain('--peer HOST:PORT');
    expect(text).toMatch(/estimate {2}unknown\n/);
  });

  test('slow peer: estimates when the waiting read can go on', () => {
    const text = textOf({
      torrent: { peersConnected: 1, downloadSpeed: 20 * 1024, state: 'downloading' },
      waiting: [waitingRead({ lastByteMs: atMs - 100 })],
    });
    expect(text).toContain('the bytes come slowly');
    expect(text).toContain('readable in about 51 s at this speed');
  });

  test('downloading: a read that waits a moment on a fast swarm is no trouble', () => {
    const torrent = { peersConnected: 9, downloadSpeed: 5 * MiB, state: 'downloading' } as const;
    expect(situationOf({ torrent, waiting: [waitingRead({ lastByteMs: atMs - 100 })] })).toBe('downloading');
  });

  test('stalled: tells when no connected peer has the piece', () => {
    const text = textOf({
      torrent: { peersConnected: 2, state: 'stalled' },
      waiting: [waitingRead({})],
      holders: { asked: 4, rarest: 0, peerCount: 1, peers: [{ address: '127.0.0.2:6881', pieces: 1 }] },
    });
    expect(text).toContain('none sends what is needed');
    expect(text).toContain(
      'holders   1 peer has missing pieces: 127.0.0.2:6881 (1 of 4); some of the missing pieces nobody connected has\n',
    );
    expect(text).toContain('wait for a seeder');
  });

  test('an engine that cannot tell who has a piece: that it is not known, rather than that nobody has it', () => {
    const explanation = explain(
      input({ torrent: { peersConnected: 2, state: 'stalled' }, waiting: [waitingRead({})] }),
    );
    expect(explanationText(explanation)).toContain('holders   unknown: this engine does not tell');
    expect(explanationJson(explanation).need?.holders).toBeNull();
  });

  test('names the peers that have the missing pieces, and how many of them each has', () => {
    const holders = {
      asked: 4,
      rarest: 1,
      peerCount: 12,
      peers: [
        { address: '[::1]:6881', pieces: 4 },
        { address: '127.0.0.2:6881', pieces: 3 },
      ],
    };
    const explanation = explain(input({ torrent: { peersConnected: 14 }, waiting: [waitingRead({})], holders }));
    expect(explanationText(explanation)).toContain(
      'holders   12 peers have missing pieces: [::1]:6881 (all), 127.0.0.2:6881 (3 of 4) and 10 more\n',
    );
    expect(explanationJson(explanation).need?.holders).toEqual({
      pieces: 4,
      rarest: 1,
      peers_total: 12,
      peers: holders.peers,
    });
  });

  test('where nothing is missing nobody is asked for', () => {
    const holders = { asked: 0, rarest: 0, peerCount: 0, peers: [] };
    expect(textOf({ torrent: { peersConnected: 1 }, held: 0xff, holders })).not.toContain('holders');
  });

  test('no reader: idle on purpose', () => {
    expect(situationOf({ torrent: { peersConnected: 2 } })).toBe('no-reader');
  });

  test.each(['resolving', 'initializing', 'error', 'unknown'] as const)('%s: as the torrent says', state => {
    expect(situationOf({ torrent: { state } })).toBe(state);
  });

  test('a directory is explained by its torrent', () => {
    const text = textOf({
      pieces: undefined,
      torrent: { peersConnected: 1, downloadSpeed: MiB, state: 'downloading' },
    });
    expect(text).toContain('the missing pieces of its files');
    expect(text).toContain('all of it is here at any moment');
  });

  test('a file inside its pieces needs only those that it touches', () => {
    const pieces = { ...filePieces(0), leadBytes: MiB / 2, length: MiB };
    const explanation = explain(input({ pieces, lastRead: { start: MiB - 1, endExclusive: MiB } }));
    expect(explanation.need).toMatchObject({ pieces: [[1, 1]], missing: [[1, 1]], missingBytes: MiB });
    expect(explanationText(explanation)).toContain('the last read needed piece 1 of the file; missing: 1 (1.00 MiB)');
  });

  test('a hostile name can neither break a line nor reach the terminal', () => {
    const text = explanationText(explain({ ...input({}), path: 'a\nadvice \u001b[31mrun this\u202e' }));
    expect(text.split('\n')[0]).toBe('a\uFFFDadvice \uFFFD[31mrun this\uFFFD: there is no peer to fetch from');
  });
});

interface Circumstances {
  readonly torrent?: Partial<TorrentFigures>;
  readonly held?: number;
  readonly pieces?: FilePieces | undefined;
  readonly waiting?: readonly WaitingRead[];
  readonly lastRead?: { start: number; endExclusive: number };
  readonly engineDown?: boolean;
  readonly isLocal?: boolean;
  readonly holders?: HolderFigures;
}

function situationOf(circumstances: Circumstances) {
  return explain(input(circumstances)).situation;
}

function textOf(circumstances: Circumstances) {
  return explanationText(explain(input(circumstances)));
}

/** A file of eight pieces of 1 MiB, nothing of it held and nobody connected, unless told otherwise. */
function input(circumstances: Circumstances): ExplainInput {
  const waiting = circumstances.waiting ?? [];
  return {
    atMs,
    path: 'films/a.mkv',
    torrent: torrentFigures(circumstances.torrent),
    engine: {
      description: 'rqbit at http://127.0.0.1:3030',
      answers: !circumstances.engineDown,
      failure: circumstances.engineDown
        ? { code: 'network', message: 'connection refused', sinceMs: atMs - 60_000 }
        : undefined,
    },
    pieces: 'pieces' in circumstances ? circumstances.pieces : filePieces(circumstances.held ?? 0),
    lastRead: circumstances.lastRead,
    openFiles: waiting.map(openFile),
    waiting,
    policy: { whenMissing: 'wait', timeoutMs: 30_000 },
    isLocal: circumstances.isLocal ?? false,
    holders: circumstances.holders,
    errors: [],
  };
}

function filePieces(held: number): FilePieces {
  return {
    ...file,
    path: 'films/a.mkv',
    length: 8 * MiB,
    pieceLength: MiB,
    firstPiece: 0,
    leadBytes: 0,
    pieceCount: 8,
    bitfield: Uint8Array.of(held),
  };
}

function waitingRead(changes: Partial<WaitingRead>): WaitingRead {
  return {
    ...file,
    handle: 1,
    start: 0,
    endExclusive: MiB,
    sinceMs: atMs - 12_000,
    lastByteMs: atMs - 10_000,
    timeoutMs: 30_000,
    ...changes,
  };
}

function openFile({ handle, start }: WaitingRead): OpenFile {
  return { ...file, handle, path: 'films/a.mkv', length: 8 * MiB, position: start, readAheadEnd: start };
}

import { describe, expect, test } from 'vitest';
import type { PiecePlan } from '../../../src/engine/embedded/demand-plan.ts';
import { type FetchWire, PieceFetcher } from '../../../src/engine/embedded/piece-fetcher.ts';
import { PieceMemory } from '../../../src/engine/embedded/piece-memory.ts';
import { parseMetainfo } from '../../../src/engine/metainfo.ts';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { FakeWire } from './fake-wire.ts';

const BLOCK = 16_384;
/** Four pieces of four blocks, and one of a block and a bit. */
const PIECE = 4 * BLOCK;
const content = patternContent(4 * PIECE + BLOCK + 5);
const details = parseMetainfo(makeTorrent({ name: 't', content, pieceLength: PIECE }).bytes);
const pieces = Array.from({ length: 5 }, (_, piece) =>
  content.read(piece * PIECE, Math.min(PIECE, content.size - piece * PIECE)),
);
/** Every piece is wrong in its first byte. */
const wrongPieces = pieces.map(piece => Buffer.concat([Buffer.from([(piece[0] ?? 0) ^ 1]), piece.subarray(1)]));

function setUp(...wires: FakeWire[]) {
  const memory = new PieceMemory();
  const kept = new Map<number, Uint8Array>();
  const bad: FetchWire[] = [];
  const waiters: (() => void)[] = [];
  const world = { plan: { pieces: [0, 1, 2, 3, 4], urgentCount: 0 } as PiecePlan, nowMs: 0 };
  const fetcher = new PieceFetcher({
    details,
    memory,
    wires: () => wires.filter(wire => !wire.destroyed),
    plan: () => ({ ...world.plan, pieces: world.plan.pieces.filter(piece => !kept.has(piece)) }),
    keep: async (piece, bytes) => {
      kept.set(piece, bytes.slice()); // the buffer is used again
      for (const wake of waiters.splice(0)) wake();
    },
    onBadPeer: wire => {
      bad.push(wire);
      wires.find(other => other === wire)?.close();
      for (const wake of waiters.splice(0)) wake();
    },
    now: () => world.nowMs,
  });
  const something = () => new Promise<void>(resolve => waiters.push(resolve));
  return { fetcher, memory, kept, bad, world, something };
}

describe('a fetcher', () => {
  test('asks for the blocks of the plan in its order, as many as the peer takes', () => {
    const wire = new FakeWire(pieces);
    wire.peerExtendedHandshake = { reqq: 6 };
    const { fetcher, world } = setUp(wire);
    world.plan = { pieces: [4, 2, 0], urgentCount: 0 };
    fetcher.update();
    expect(wire.asked).toEqual([4, 4, 2, 2, 2, 2]);
    expect(wire.requests[1]).toMatchObject({ offset: BLOCK, length: 5 });
  });

  test('keeps a piece when it is whole and right, and goes on', async () => {
    const wire = new FakeWire(pieces);
    const { fetcher, kept } = setUp(wire);
    fetcher.update();
    while (kept.size < 5) {
      wire.sendAll();
      await new Promise(resolve => setImmediate(resolve));
    }
    for (const [piece, bytes] of kept) expect(Buffer.from(bytes)).toEqual(Buffer.from(pieces[piece] ?? []));
    expect(fetcher.fetchedBytes).toBe(content.size);
  });

  test('asks nobody for what the peer has not, and nothing of a peer that chokes', () => {
    const partial = new FakeWire(new Map([[3, pieces[3] ?? new Uint8Array()]]));
    const choking = new FakeWire(pieces);
    choking.peerChoking = true;
    choking.peerAllowedFastSet = [1];
    const { fetcher } = setUp(partial, choking);
    fetcher.update();
    expect(new Set(partial.asked)).toEqual(new Set([3]));
    expect(new Set(choking.asked)).toEqual(new Set([1]));
  });

  test('shares the blocks of one piece among peers', () => {
    const wires = [new FakeWire(pieces), new FakeWire(pieces)];
    for (const wire of wires) wire.peerExtendedHandshake = { reqq: 2 };
    const { fetcher, world } = setUp(...wires);
    world.plan = { pieces: [0], urgentCount: 1 };
    fetcher.update();
    expect(wires.map(wire => wire.requests.map(({ offset }) => offset / BLOCK))).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  test('asks more of a peer the faster it sends, also after a pause', () => {
    const blocks = patternContent(100 * BLOCK);
    const askedAfterPause = (msPerBlock: number): number => {
      const wire = new FakeWire(Array.from({ length: 100 }, (_, piece) => blocks.read(piece * BLOCK, BLOCK)));
      const plan = { pieces: [0, 1, 2, 3], urgentCount: 1 };
      let nowMs = 0;
      const fetcher = new PieceFetcher({
        details: parseMetainfo(makeTorrent({ name: 't', content: blocks, pieceLength: BLOCK }).bytes),
        memory: new PieceMemory(),
        wires: () => [wire],
        plan: () => plan,
        keep: async () => {},
        onBadPeer: () => {},
        now: () => nowMs,
      });
      fetcher.update();
      plan.pieces = [];
      for (let block = 0; block < 4; block++) {
        nowMs += msPerBlock;
        wire.send();
      }
      nowMs += 600_000;
      plan.pieces = Array.from({ length: 90 }, (_, index) => 10 + index);
      fetcher.update();
      return wire.requests.length;
    };
    expect(askedAfterPause(20)).toBe(16 + Math.ceil(750 / 20));
    expect(askedAfterPause(1000)).toBe(16 + 1);
  });

  test('keeps an eighth of what each peer is asked for to the piece that was passed over', () => {
    const wire = new FakeWire([
      patternContent(32 * BLOCK).read(0, 16 * BLOCK),
      patternContent(32 * BLOCK).read(0, 16 * BLOCK),
    ]);
    wire.peerExtendedHandshake = { reqq: 8 };
    const large = makeTorrent({ name: 't', content: patternContent(32 * BLOCK), pieceLength: 16 * BLOCK });
    const fetcher = new PieceFetcher({
      details: parseMetainfo(large.bytes),
      memory: new PieceMemory(),
      wires: () => [wire],
      plan: () => ({ pieces: [0, 1], urgentCount: 2, passedOver: 1 }),
      keep: async () => {},
      onBadPeer: () => {},
      now: () => 0,
    });
    fetcher.update();
    expect(wire.asked).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
    for (let block = 0; block < 4; block++) wire.send();
    expect(wire.asked).toEqual([0, 0, 0, 0, 1, 0, 0, 0]);
    for (let block = 0; block < 4; block++) wire.send();
    expect(wire.asked).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('withdraws what is no longer planned', () => {
    const wire = new FakeWire(pieces);
    const { fetcher, world } = setUp(wire);
    fetcher.update();
    world.plan = { pieces: [1], urgentCount: 1 };
    fetcher.update();
    expect(new Set(wire.asked)).toEqual(new Set([1]));
    fetcher.stop();
    expect(wire.asked).toEqual([]);
  });

  test('goes on with a piece that was withdrawn half way', () => {
    const wire = new FakeWire(pieces);
    const { fetcher, world } = setUp(wire);
    world.plan = { pieces: [0], urgentCount: 1 };
    fetcher.update();
    wire.send();
    wire.send();
    expect(fetcher.receivedOf(0)).toBe(2 * BLOCK);
    world.plan = { pieces: [], urgentCount: 0 };
    fetcher.update();
    world.plan = { pieces: [0], urgentCount: 1 };
    fetcher.update();
    expect(wire.requests.map(({ offset }) => offset / BLOCK)).toEqual([2, 3]);
  });

  test('gives the memory of what is half here back when it stops', () => {
    const wire = new FakeWire(pieces);
    const { fetcher, memory, world } = setUp(wire);
    world.plan = { pieces: [0, 1], urgentCount: 1 };
    fetcher.update();
    wire.send();
    fetcher.stop();
    expect([fetcher.receivedOf(0), memory.idleBytes]).toEqual([0, 2 * PIECE]);
  });

  test('asks others for what a peer that went away still owed', () => {
    const [leaving, staying] = [new FakeWire(pieces), new FakeWire(pieces)] as const;
    const { fetcher, world } = setUp(leaving, staying);
    world.plan = { pieces: [0], urgentCount: 0 };
    fetcher.update();
    leaving.close();
    fetcher.update();
    expect(staying.requests.map(({ offset }) => offset / BLOCK)).toEqual([0, 1, 2, 3]);
  });
});

describe('a peer that loses requests', () => {
  test('is asked anew once it has brought nothing for a while', () => {
    const wire = new FakeWire(pieces);
    const { fetcher, world } = setUp(wire);
    world.plan = { pieces: [0], urgentCount: 1 };
    fetcher.update();
    world.nowMs = 4000;
    wire.send();
    world.nowMs = 8999;
    fetcher.update();
    expect(wire.cancelled).toEqual([]);
    world.nowMs = 9000;
    fetcher.update();
    expect(wire.cancelled.map(({ offset }) => offset / BLOCK)).toEqual([1, 2, 3]);
    expect(wire.requests.map(({ offset }) => offset / BLOCK)).toEqual([1, 2, 3]);
  });

  test('has its time from when it is asked, however long it owed nothing', () => {
    const wire = new FakeWire(pieces);
    const { fetcher, world } = setUp(wire);
    world.plan = { pieces: [], urgentCount: 0 };
    fetcher.update();
    world.nowMs = 60_000;
    world.plan = { pieces: [0], urgentCount: 1 };
    fetcher.update();
    world.nowMs = 64_999;
    fetcher.update();
    expect(wire.cancelled).toEqual([]);
  });
});

describe('a peer that stays silent', () => {
  test('leaves what it owed to the others', () => {
    const [silent, honest] = [new FakeWire(pieces), new FakeWire(pieces)] as const;
    const { fetcher, world } = setUp(silent, honest);
    world.plan = { pieces: [0], urgentCount: 0 };
    fetcher.update();
    expect([silent.asked.length, honest.asked.length]).toEqual([4, 0]);
    world.nowMs = 5000;
    fetcher.update();
    expect([silent.asked.length, honest.asked.length]).toEqual([0, 4]);
  });

  test('is let go after half a minute', () => {
    const wire = new FakeWire(pieces);
    const { fetcher, world } = setUp(wire);
    fetcher.update();
    for (world.nowMs = 5000; world.nowMs < 30_000; world.nowMs += 5000) fetcher.update();
    expect(wire.destroyed).toBe(false);
    fetcher.update();
    expect(wire.destroyed).toBe(true);
  });

  test('is not one whose blocks come late, even if nobody waits for them any more', () => {
    const wire = new FakeWire(pieces);
    const { fetcher, world } = setUp(wire);
    fetcher.update();
    for (world.nowMs = 5000; world.nowMs <= 120_000; world.nowMs += 5000) {
      if (world.nowMs % 20_000 === 0) wire.downloaded += BLOCK;
      fetcher.update();
    }
    expect(wire.destroyed).toBe(false);
  });
});

describe('an urgent block that is late', () => {
  test('is asked of a second peer, and the slower of them is called off', () => {
    const [slow, fast] = [new FakeWire(pieces), new FakeWire(pieces)] as const;
    const { fetcher, world } = setUp(slow, fast);
    world.plan = { pieces: [4], urgentCount: 1 };
    fetcher.update();
    expect([slow.asked.length, fast.asked.length]).toEqual([2, 0]);
    world.nowMs = 4000;
    fetcher.update();
    expect(fast.requests).toHaveLength(1);
    fast.send();
    expect(slow.cancelled).toEqual([{ piece: 4, offset: 0 }]);
  });

  test('is not asked again of the peer that owes it, nor of a third', () => {
    const wires = [new FakeWire(pieces), new FakeWire(pieces), new FakeWire(pieces)];
    const { fetcher, world } = setUp(...wires);
    world.plan = { pieces: [4], urgentCount: 1 };
    fetcher.update();
    for (world.nowMs = 2000; world.nowMs < 5000; world.nowMs += 500) {
      fetcher.update();
    }
    expect(wires.map(wire => wire.requests.length).reduce((sum, count) => sum + count)).toBe(4);
    for (const wire of wires) {
      const offsets = wire.requests.map(({ offset }) => offset);
      expect(new Set(offsets).size).toBe(offsets.length);
    }
  });

  test('is left alone when it is not urgent', () => {
    const [slow, idle] = [new FakeWire(pieces), new FakeWire(pieces)] as const;
    const { fetcher, world } = setUp(slow, idle);
    world.plan = { pieces: [4], urgentCount: 0 };
    fetcher.update();
    world.nowMs = 4000;
    fetcher.update();
    expect(idle.asked).toEqual([]);
  });
});

describe('a piece with a wrong hash', () => {
  test('is not kept, and its only source is blamed', () => {
    const liar = new FakeWire(wrongPieces);
    const { fetcher, kept, bad, world } = setUp(liar);
    world.plan = { pieces: [0], urgentCount: 1 };
    fetcher.update();
    liar.sendAll();
    expect(bad).toEqual([liar]);
    expect(kept.size).toBe(0);
  });

  test('that came from several is fetched again from one, so that the next failure is its own', async () => {
    const liar = new FakeWire(wrongPieces);
    const honest = new FakeWire(pieces);
    for (const wire of [liar, honest]) wire.peerExtendedHandshake = { reqq: 2 };
    const { fetcher, kept, bad, world, something } = setUp(liar, honest);
    world.plan = { pieces: [0], urgentCount: 1 };
    fetcher.update();
    expect(honest.asked).toHaveLength(2);
    liar.sendAll();
    honest.sendAll();
    // Nobody is blamed for the first failure: the piece is asked of the liar alone.
    expect(bad).toEqual([]);
    expect([liar.asked.length, honest.asked.length]).toEqual([2, 0]);
    while (liar.asked.length > 0) liar.sendAll();
    expect(bad).toEqual([liar]);
    const keeps = something();
    honest.sendAll();
    await keeps;
    expect(Buffer.from(kept.get(0) ?? [])).toEqual(Buffer.from(pieces[0] ?? []));
  });

  test.each([0, 1])('is fetched from another when the one brings %i blocks of it and falls silent', async brought => {
    const liar = new FakeWire(wrongPieces);
    const honest = new FakeWire(pieces);
    for (const wire of [liar, honest]) wire.peerExtendedHandshake = { reqq: 2 };
    const { fetcher, kept, world, something } = setUp(liar, honest);
    world.plan = { pieces: [0], urgentCount: 1 };
    fetcher.update();
    liar.sendAll();
    honest.sendAll();
    expect([liar.asked.length, honest.asked.length]).toEqual([2, 0]);
    for (let block = 0; block < brought; block++) liar.send();
    world.nowMs += 5000;
    fetcher.update();
    expect([liar.asked.length, honest.asked.length]).toEqual([0, 2]);
    const keeps = something();
    honest.sendAll();
    await keeps;
    expect(Buffer.from(kept.get(0) ?? [])).toEqual(Buffer.from(pieces[0] ?? []));
  });

  test('is fetched from another also when that one was busy as the first fell silent', async () => {
    const liar = new FakeWire(wrongPieces);
    const honest = new FakeWire(pieces);
    for (const wire of [liar, honest]) wire.peerExtendedHandshake = { reqq: 2 };
    const { fetcher, world } = setUp(liar, honest);
    world.plan = { pieces: [0], urgentCount: 1 };
    fetcher.update();
    liar.sendAll();
    honest.sendAll();
    world.plan = { pieces: [0, 1], urgentCount: 1 };
    fetcher.update();
    expect([liar.asked, honest.asked]).toEqual([
      [0, 0],
      [1, 1],
    ]);
    world.nowMs += 4000;
    honest.send();
    world.nowMs += 1000;
    fetcher.update();
    while (honest.asked.includes(1)) honest.send();
    expect(honest.asked).toEqual([0, 0]);
  });
});

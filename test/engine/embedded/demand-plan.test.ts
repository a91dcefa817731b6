import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PieceDemand, planPieces } from '../../../src/engine/embedded/demand-plan.ts';

const firstThat = (matches: (piece: number) => boolean) => (from: number, end: number) => {
  for (let piece = from; piece < end; piece++) if (matches(piece)) return piece;
  return end;
};

const plan = (
  demands: (PieceDemand & { priority?: number })[],
  options: {
    held?: number[];
    dead?: number[];
    limit?: number;
    ahead?: PieceDemand[];
    wanted?: PieceDemand[];
  } = {},
) =>
  planPieces({
    demands: demands.map(demand => ({ priority: 0, ...demand })),
    ahead: options.ahead ?? [],
    nextMissing: firstThat(piece => !(options.held ?? []).includes(piece)),
    nextAvailable: firstThat(piece => ![...(options.held ?? []), ...(options.dead ?? [])].includes(piece)),
    limit: options.limit ?? 100,
    wanted: options.wanted ?? [],
  });

test('nothing is wanted, nothing is planned', () => {
  expect(plan([])).toEqual({ pieces: [], urgentCount: 0 });
});

test('one stream gets its window in order, its first missing piece urgent', () => {
  expect(plan([{ first: 4, end: 9 }], { held: [4, 6] })).toEqual({ pieces: [5, 7, 8], urgentCount: 1 });
});

test('several streams get what each needs next, then a piece of each window in turn', () => {
  const demands = [
    { first: 0, end: 4 },
    { first: 10, end: 13 },
  ];
  expect(plan(demands)).toEqual({ pieces: [0, 10, 1, 11, 2, 12, 3], urgentCount: 2 });
});

test('streams that wait for one piece share it, and none jumps the queue for it', () => {
  const demands = [
    { first: 5, end: 8 },
    { first: 5, end: 8 },
  ];
  expect(plan(demands)).toEqual({ pieces: [5, 6, 7], urgentCount: 1 });
});

test('what is fetched ahead without a stream comes after all that streams want', () => {
  const ahead = [
    { first: 8, end: 10 },
    { first: 2, end: 4 },
  ];
  expect(plan([{ first: 0, end: 3 }], { ahead, held: [9] })).toEqual({ pieces: [0, 1, 2, 8, 3], urgentCount: 1 });
});

test('everything else comes last, when everything is wanted', () => {
  expect(plan([{ first: 3, end: 5 }], { wanted: [{ first: 1, end: 7 }], held: [2] }).pieces).toEqual([3, 4, 1, 5, 6]);
});

test('pieces that nobody has keep their place, and take none of those that somebody has', () => {
  const demands = [
    { first: 0, end: 4 },
    { first: 4, end: 8 },
  ];
  const dead = [0, 1, 2, 3];
  expect(plan(demands, { dead, limit: 2 })).toEqual({ pieces: [0, 4, 1, 5], urgentCount: 2 });
  const wanted = [{ first: 0, end: 100 }];
  expect(plan([], { dead, limit: 3, wanted }).pieces).toEqual([0, 1, 2, 4, 5, 6]);
});

test('however much is missing, a plan looks at little more than it takes', () => {
  const looks = { missing: 0, available: 0 };
  const input = {
    demands: [],
    ahead: [],
    wanted: [{ first: 0, end: 1_000_000 }],
    nextMissing: (from: number) => {
      looks.missing++;
      return from;
    },
    limit: 4,
  };
  const nowhere = planPieces({ ...input, nextAvailable: undefined });
  expect([nowhere.pieces, looks.missing]).toEqual([[0, 1, 2, 3], 4]);
  const somewhere = planPieces({
    ...input,
    nextAvailable: (from, end) => {
      looks.available++;
      return Math.min(end, Math.max(from, 999_999));
    },
  });
  expect(somewhere.pieces).toEqual([0, 1, 2, 3, 999_999]);
  expect(looks.missing + looks.available).toBeLessThan(20);
});

test('a reader of what somebody has does not wait for any number of readers of what nobody has', () => {
  const stuck = Array.from({ length: 50 }, (_, first) => ({ first, end: first + 1 }));
  const dead = stuck.map(({ first }) => first);
  const { pieces, urgentCount } = plan([...stuck, { first: 90, end: 91 }], { dead, limit: 4 });
  expect(pieces.slice(0, urgentCount)).toContain(90);
});

test('a plan has each missing piece of the demands once, within its limit, urgent ones first', () => {
  const demand = fc.tuple(fc.nat(30), fc.nat(30)).map(([a, b]) => ({ first: Math.min(a, b), end: Math.max(a, b) }));
  fc.assert(
    fc.property(fc.array(demand, { maxLength: 6 }), fc.uniqueArray(fc.nat(30)), fc.nat(40), (demands, held, limit) => {
      const { pieces, urgentCount } = plan(demands, { held, limit });
      const wanted = new Set(
        demands.flatMap(({ first, end }) => Array.from({ length: end - first }, (_, at) => first + at)),
      );
      for (const piece of held) wanted.delete(piece);
      expect(new Set(pieces).size).toBe(pieces.length);
      expect(pieces.length).toBe(Math.min(limit, wanted.size));
      for (const piece of pieces) expect(wanted.has(piece)).toBe(true);
      const nexts = demands.map(({ first, end }) => {
        for (let piece = first; piece < end; piece++) if (!held.includes(piece)) return piece;
        return undefined;
      });
      expect(new Set(pieces.slice(0, urgentCount))).toEqual(
        new Set([...new Set(nexts.filter(piece => piece !== undefined))].slice(0, limit)),
      );
    }),
  );
});

test('a stream of a higher priority gets all of its window before the others get more than they need next', () => {
  const demands = [
    { first: 0, end: 3 },
    { first: 10, end: 13, priority: 1 },
    { first: 20, end: 22, priority: -1 },
  ];
  expect(plan(demands)).toMatchObject({ pieces: [10, 0, 20, 11, 12, 1, 2, 21], urgentCount: 3 });
});

test('who waits longest is passed over by priority alone, and has a place in a plan that the others fill', () => {
  const high = [0, 10, 20, 30].map(first => ({ first, end: first + 10, priority: 1 }));
  const normal = { first: 40, end: 50 };
  const limit = 4;
  expect(plan([normal, ...high], { limit })).toEqual({ pieces: [0, 10, 20, 30, 40], urgentCount: 5, passedOver: 40 });
  expect(plan([...high, normal], { limit })).toEqual({ pieces: [0, 10, 20, 30], urgentCount: 4 });
  const dead = [40];
  expect(plan([normal, { first: 60, end: 61 }, ...high], { limit, dead })).toMatchObject({ passedOver: 60 });
  expect(plan([normal, normal]).passedOver).toBeUndefined();
});

import { describe, expect, it } from 'vitest';
import { FileLayout } from '../../src/read/file-layout.ts';
import { type PlannedStream, planStreams, type Want } from '../../src/read/stream-plan.ts';
import { FakeTorrent } from '../fakes/fake-torrent.ts';
import { KiB, MiB } from './reader-rig.ts';

/** One file of 64 pieces of 256 KiB, which are also its blocks. */
const PIECE = 256 * KiB;
const layout = new FileLayout(new FakeTorrent({ length: 64 * PIECE, pieceLength: PIECE }).details, 0, PIECE);

function plan(input: {
  streams?: readonly PlannedStream[];
  wants: readonly Want[];
  held?: readonly number[];
  local?: readonly number[];
}) {
  return planStreams({
    layout,
    streams: input.streams ?? [],
    wants: input.wants,
    isHeld: piece => input.held?.includes(piece) ?? false,
    isLocal: piece => input.local?.includes(piece) ?? false,
  });
}

function stream(position: number, end: number, stalled = false): PlannedStream {
  return { position, end, stalled };
}

const urgent = (from: number, to: number): Want => ({ from, to, urgent: true });
const ahead = (from: number, to: number): Want => ({ from, to, urgent: false });

describe('the plan of streams', () => {
  it('opens one stream for wants that follow each other', () => {
    const { open } = plan({ wants: [urgent(PIECE, 2 * PIECE), ahead(2 * PIECE, 8 * PIECE), urgent(0, PIECE)] });
    expect(open).toEqual([{ start: 0, end: 8 * PIECE }]);
  });

  it('extends a stream that ends where the want begins', () => {
    const running = stream(3 * PIECE, 4 * PIECE);
    const { keep, open } = plan({ streams: [running], wants: [urgent(4 * PIECE, 6 * PIECE)] });
    expect(keep.get(running)).toBe(6 * PIECE);
    expect(open).toEqual([]);
  });

  it('does not list a stream that nobody wants', () => {
    expect(plan({ streams: [stream(0, PIECE)], wants: [urgent(40 * PIECE, 41 * PIECE)] }).keep.size).toBe(0);
  });

  it('does not put a reader behind megabytes that it did not ask for', () => {
    const far = stream(0, 32 * PIECE);
    const { open } = plan({ streams: [far], wants: [urgent(20 * PIECE, 21 * PIECE)], held: layoutPieces() });
    expect(open).toEqual([{ start: 20 * PIECE, end: 21 * PIECE }]);
  });

  it('does not put a reader of a held piece behind a missing one', () => {
    const stuck = stream(0, 8 * PIECE);
    expect(plan({ streams: [stuck], wants: [urgent(PIECE, 2 * PIECE)], held: [1] }).open).toHaveLength(1);
    expect(plan({ streams: [stuck], wants: [urgent(PIECE, 2 * PIECE)], held: [0, 1] }).open).toHaveLength(0);
  });

  it('puts a reader behind a missing piece only while the stream moves', () => {
    const wants = [urgent(2 * PIECE, 3 * PIECE)];
    expect(plan({ streams: [stream(0, 8 * PIECE)], wants }).open).toHaveLength(0);
    expect(plan({ streams: [stream(0, 8 * PIECE, true)], wants }).open).toHaveLength(1);
  });

  it('reads ahead behind a piece that does not come only while somebody wants that piece', () => {
    const stuck = stream(PIECE, 8 * PIECE, true);
    const window = ahead(2 * PIECE, 8 * PIECE);
    const waiting = plan({ streams: [stuck], wants: [urgent(PIECE, PIECE + 100), window] });
    expect([waiting.keep.get(stuck), waiting.open]).toEqual([8 * PIECE, []]);
    const goneOn = plan({ streams: [stuck], wants: [window], held: [2, 3], local: [2, 3] });
    expect(goneOn.keep.size).toBe(0);
    expect(goneOn.local).toEqual([{ from: 2 * PIECE, to: 4 * PIECE }]);
    expect(goneOn.open).toEqual([{ start: 4 * PIECE, end: 8 * PIECE }]);
  });

  it('lets everybody who needs the same missing piece share a stream, stalled or not', () => {
    const stuck = stream(PIECE, 2 * PIECE, true);
    const wants = [urgent(PIECE, PIECE + 100), urgent(PIECE + 50_000, 2 * PIECE)];
    const { keep, open } = plan({ streams: [stuck], wants });
    expect(keep.get(stuck)).toBe(2 * PIECE);
    expect(open).toEqual([]);
  });

  it('takes held pieces from the disk, and streams the rest', () => {
    const { local, open } = plan({ wants: [urgent(0, 4 * PIECE)], held: [0, 1, 3], local: [0, 1, 3] });
    expect(local).toEqual([{ from: 0, to: 2 * PIECE }]);
    expect(open).toEqual([{ start: 2 * PIECE, end: 4 * PIECE }]);
  });

  it('takes from the disk first what was wanted first', () => {
    const wants = [urgent(9 * PIECE, 10 * PIECE), urgent(3 * PIECE, 4 * PIECE), ahead(0, PIECE)];
    const { local } = plan({ wants, local: layoutPieces(), held: layoutPieces() });
    expect(local.map(({ from }) => from / PIECE)).toEqual([9, 3, 0]);
  });

  it('does not extend a stream over what the disk has', () => {
    const running = stream(0, PIECE);
    const { keep, local } = plan({ streams: [running], wants: [ahead(0, 3 * PIECE)], held: [1, 2], local: [1, 2] });
    expect(keep.get(running)).toBe(PIECE);
    expect(local).toEqual([{ from: PIECE, to: 3 * PIECE }]);
  });

  it('does not open a stream for every hole in a window', () => {
    const holes = Array.from({ length: 8 }, (_, index) => ahead(index * 2 * PIECE, (index * 2 + 1) * PIECE));
    expect(plan({ wants: holes }).open).toEqual([{ start: 0, end: 15 * PIECE }]);
    expect(plan({ wants: [ahead(0, PIECE), ahead(2 * MiB, 3 * MiB)] }).open).toHaveLength(2);
  });
});

function layoutPieces(): number[] {
  return Array.from({ length: 64 }, (_, piece) => piece);
}

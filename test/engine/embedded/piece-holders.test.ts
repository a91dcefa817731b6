import { describe, expect, test } from 'vitest';
import { holdersOf } from '../../../src/engine/embedded/piece-holders.ts';

function wire(address: string, pieces: readonly number[]) {
  const [remoteAddress = '', port = ''] = address.split('|');
  return { remoteAddress, remotePort: Number(port), peerPieces: { get: (piece: number) => pieces.includes(piece) } };
}

describe('who has pieces', () => {
  test('is told by peer, those with the most first, and by the rarest piece', () => {
    const wires = [wire('127.0.0.2|1', [5]), wire('127.0.0.3|2', [5, 6, 9]), wire('127.0.0.4|3', [9])];
    expect(holdersOf([5, 6], wires)).toEqual({
      asked: 2,
      rarest: 1,
      peerCount: 2,
      peers: [
        { address: '127.0.0.3:2', pieces: 2 },
        { address: '127.0.0.2:1', pieces: 1 },
      ],
    });
  });

  test('is nobody where no peer is connected, or none has them', () => {
    expect(holdersOf([1], [])).toEqual({ asked: 1, rarest: 0, peerCount: 0, peers: [] });
    expect(holdersOf([1], [wire('127.0.0.2|1', [2])])).toMatchObject({ rarest: 0, peerCount: 0 });
  });

  test('is bounded: a few of many are named, all are counted', () => {
    const wires = Array.from({ length: 50 }, (_, index) => wire(`10.0.0.${index}|6881`, [0]));
    const holders = holdersOf([0], wires);
    expect(holders).toMatchObject({ rarest: 50, peerCount: 50 });
    expect(holders.peers).toHaveLength(10);
  });

  test('has addresses as people write them', () => {
    const addresses = holdersOf([0], [wire('::ffff:127.0.0.2|7', [0]), wire('::1|8', [0])]).peers;
    expect(addresses.map(({ address }) => address)).toEqual(['127.0.0.2:7', '[::1]:8']);
  });
});

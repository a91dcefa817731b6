import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { Peer, WireInside } from '#webtorrent';
import { joinEnds, WireInput } from '../../../src/engine/embedded/peer-pipes.ts';
import { dial } from '../../../src/engine/embedded/peer-socket.ts';

/** What the tests use of bittorrent-protocol beside what the engine uses. */
interface RealWire extends WireInside {
  readonly peerPieces: { readonly buffer: Uint8Array };
  handshake(infoHash: string, peerId: string): void;
  startEncryption(infoHash: string): void;
  setInfoHash(infoHash: string): void;
  unchoke(): void;
  bitfield(bits: Uint8Array): void;
  piece(piece: number, offset: number, bytes: Uint8Array): void;
  extended(id: number, bytes: Uint8Array): void;
}

// As a string: the file has no types.
const { default: RealWire } = (await import('../../../node_modules/bittorrent-protocol/index.js' as string)) as {
  default: new (type: string, encryption?: number) => RealWire;
};

const infoHash = 'a'.repeat(40);
const blocks = [700, 1, 1000, 300].map(size => new Uint8Array(randomBytes(size)));
const bits = new Uint8Array(randomBytes(90));
const metadata = new Uint8Array(randomBytes(200));

/** Says hello and sends all of the above. */
function sendAll(wire: RealWire): void {
  wire.handshake(infoHash, 'b'.repeat(40));
  wire.bitfield(bits);
  wire.unchoke();
  for (const [index, block] of blocks.entries()) wire.piece(index, 0, block);
  wire.extended(5, metadata);
}

/** Notes what comes in; blocks are copied, as whoever asks for them must, the rest is kept as it was handed out. */
function listen(wire: RealWire) {
  const heard = { blocks: [] as Uint8Array[], messages: [] as Uint8Array[] };
  wire.on('piece', (_piece: number, _offset: number, bytes: Uint8Array) => heard.blocks.push(new Uint8Array(bytes)));
  wire.on('extended', (id: unknown, bytes: Uint8Array) => {
    if (id === 5) heard.messages.push(bytes);
  });
  return heard;
}

async function sent(): Promise<Buffer> {
  const wire = new RealWire('tcpOutgoing');
  const chunks: Uint8Array[] = [];
  wire.on('data', (bytes: Uint8Array) => chunks.push(bytes));
  sendAll(wire);
  await new Promise(setImmediate);
  return Buffer.concat(chunks);
}

test('messages come through whole, however they arrive and whatever their memory is used for afterwards', async () => {
  const bytes = await sent();
  const property = fc.property(fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1 }), sizes => {
    const wire = new RealWire('tcpOutgoing');
    const heard = listen(wire);
    const input = new WireInput(wire);
    const memory = new Uint8Array(1500);
    for (let start = 0, turn = 0; start < bytes.length; turn++) {
      const chunk = bytes.subarray(start, start + (sizes[turn % sizes.length] ?? 1));
      memory.set(chunk);
      input.take(memory.subarray(0, chunk.length));
      memory.fill(0xee);
      start += chunk.length;
    }
    expect(wire.peerId).toBe('b'.repeat(40));
    expect(heard.blocks).toEqual(blocks);
    expect(heard.messages).toEqual([metadata]);
    expect(Buffer.from(wire.peerPieces.buffer)).toEqual(Buffer.from(bits));
  });
  fc.assert(property, { examples: [[[1]], [[68]], [[1500]]] });
});

test('a block lies where it arrived, unless it began in an earlier chunk', async () => {
  const bytes = new Uint8Array(await sent()); // in memory of its own
  const inFirstBlock = 300;
  const wire = new RealWire('tcpOutgoing');
  const isInPlace: boolean[] = [];
  wire.on('piece', (_piece: number, _offset: number, block: Uint8Array) =>
    isInPlace.push(block.buffer === bytes.buffer),
  );
  const input = new WireInput(wire);
  for (const [start, end] of [
    [0, 68], // the handshake
    [68, inFirstBlock],
    [inFirstBlock, bytes.length],
  ]) {
    input.take(bytes.subarray(start, end));
  }
  expect(isInPlace).toEqual([false, true, true, true]);
});

test('a peer whose message cannot be handled is let go', async () => {
  const bytes = await sent();
  const wire = new RealWire('tcpOutgoing');
  const heard = listen(wire);
  const destroyed = vi.spyOn(wire, 'destroy');
  const input = new WireInput(wire);
  wire.once('unchoke', () => {
    throw new Error('cannot be handled');
  });
  expect(() => input.take(bytes)).toThrow('cannot be handled');
  expect(destroyed).toHaveBeenCalled();
  input.take(bytes);
  expect(heard).toEqual({ blocks: [], messages: [] });
});

test('encrypted peers understand each other, and what passes is counted', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dialled = dial({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(dialled, 'connect')]);
  const receiver = joined(new RealWire('tcpOutgoing', 2), dialled);
  const sender = joined(new RealWire('tcpIncoming', 2), accepted as Socket);
  const heard = listen(receiver.wire);

  sender.wire.once('crypto-infohash', () => sender.wire.setInfoHash(infoHash));
  sender.wire.once('crypto-handshake', () => sendAll(sender.wire));
  receiver.wire.startEncryption(infoHash);
  receiver.wire.once('crypto-handshake', () => receiver.wire.handshake(infoHash, 'c'.repeat(40)));
  await expect.poll(() => heard.messages.length).toBe(1);

  expect(heard).toEqual({ blocks, messages: [metadata] });
  expect(receiver.counted.download).toBe(dialled.bytesRead);
  expect(sender.counted.upload).toBe((accepted as Socket).bytesWritten);
  for (const socket of [dialled, accepted as Socket]) socket.destroy();
  server.close();
});

test('the webtorrent that is bundled joins its peers so', async () => {
  await import('../../../scripts/vendor/webtorrent.mjs' as string);
  const { default: WebtorrentPeer } = await import('../../../node_modules/webtorrent/lib/peer.js' as string);
  const peer = Object.assign(new WebtorrentPeer('a peer', 'tcpOutgoing'), {
    conn: new EventEmitter(),
    wire: Object.assign(new RealWire('tcpOutgoing'), { pipe: () => {} }),
  });
  peer.setThrottlePipes();
  peer.conn.emit('data', await sent());
  expect(peer.wire.peerId).toBe('b'.repeat(40));
});

function joined(wire: RealWire, conn: Socket) {
  const peer: Peer = Object.assign(new EventEmitter(), { wire, conn });
  const counted = { download: 0, upload: 0 };
  for (const direction of ['download', 'upload'] as const) {
    peer.on(direction, (bytes: number) => {
      counted[direction] += bytes;
    });
  }
  joinEnds(peer);
  return { wire, counted };
}

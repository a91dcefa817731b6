import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RqbitClient } from '../../../src/engine/rqbit/client.ts';
import { RangeBody } from '../../../src/engine/rqbit/range-body.ts';
import { LyingRqbit } from '../../fakes/lying-rqbit.ts';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';

const SIZE = 2 ** 24;
const content = patternContent(SIZE);
const { bytes, infoHash } = makeTorrent({ name: 'film.bin', content, pieceLength: 2 ** 20 });

let server: LyingRqbit;
let client: RqbitClient;

beforeEach(async () => {
  server = await LyingRqbit.start();
  const fake = server.add(bytes);
  fake.content = content;
  fake.holdAll();
  client = new RqbitClient({ url: server.url, credentials: undefined });
});

afterEach(async () => {
  await client.close();
  await server.stop();
});

const ask = (start: number, endExclusive: number, from = client) =>
  new RangeBody(from, { range: { infoHash, fileIndex: 0, start, endExclusive }, fileLength: SIZE, reads: undefined });

async function untilReceived(atLeast: number): Promise<void> {
  await expect.poll(() => client.receivedBytes).toBeGreaterThanOrEqual(atLeast);
}

describe('a body that has come', () => {
  it('leaves the next one on its connection alone, which nobody reads', async () => {
    const first = ask(0, 1000);
    await untilReceived(1000);
    const second = ask(0, SIZE);
    second.want(1);
    await untilReceived(1001);
    const received = client.receivedBytes;
    for (let taken = 0; taken < 20; taken++) {
      expect(first.take(1)).toHaveLength(1);
      await delay(5);
    }
    expect(client.receivedBytes).toBe(received);
    second.close();
  });

  it('is the last on its connection when the server says so', async () => {
    let connections = 0;
    const closing = createServer(socket => {
      connections++;
      socket.on('error', () => {});
      socket.once('data', () => {
        const head = `content-range: bytes 0-9/${SIZE}\r\ncontent-length: 10\r\nconnection: Close\r\n`;
        socket.write(`HTTP/1.1 206 Partial Content\r\n${head}\r\n0123456789`);
      });
    });
    closing.listen(0, '127.0.0.1');
    await once(closing, 'listening');
    // A TCP server has an address object once it listens.
    const { port } = closing.address() as AddressInfo;
    const other = new RqbitClient({ url: new URL(`http://127.0.0.1:${port}`), credentials: undefined });
    try {
      for (let request = 1; request <= 2; request++) {
        const body = ask(0, 10, other);
        await body.ready();
        expect(Buffer.from(body.take(10) ?? []).toString()).toBe('0123456789');
        expect(connections).toBe(request);
      }
    } finally {
      await other.close();
      closing.close();
    }
  });
});

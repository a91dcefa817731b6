import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../../src/engine/index.ts';
import { NotHttpError } from '../../../src/engine/rqbit/http-head.ts';
import type { AnswerSink } from '../../../src/engine/rqbit/stream-socket.ts';
import { StreamSockets } from '../../../src/engine/rqbit/stream-sockets.ts';

const stopped = new EngineError('stopped', 'the test is over');

let server: Server;
let connections: Socket[];
/** What the server writes when it is asked. */
let answer: string;
let sockets: StreamSockets;

beforeEach(async () => {
  connections = [];
  server = createServer(connection => {
    connections.push(connection);
    connection.on('error', () => {});
    connection.on('data', () => connection.write(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address');
  sockets = new StreamSockets({ url: new URL(`http://127.0.0.1:${address.port}/`), connectMs: 5000 });
});

afterEach(async () => {
  await sockets.close(stopped);
  for (const connection of connections) connection.destroy();
  server.close();
});

/** Takes a body of `length` bytes, a few at a time. */
class Body implements AnswerSink {
  text = '';
  readonly ended: Promise<unknown>;
  readonly #length: number;
  readonly #memory = Buffer.alloc(3);
  #settle: (outcome: unknown) => void = () => {};

  constructor(length: number) {
    this.#length = length;
    this.ended = new Promise(resolve => {
      this.#settle = resolve;
    });
  }

  onHead(): number {
    return this.#length;
  }

  space(): Uint8Array {
    return this.#memory;
  }

  filled(bytes: number): boolean {
    this.text += this.#memory.toString('latin1', 0, bytes);
    return true;
  }

  onEnd(): void {
    this.#settle('end');
  }

  onFailure(error: unknown): void {
    this.#settle(error);
  }
}

function ask(length: number): Body {
  const body = new Body(length);
  sockets.send('GET / HTTP/1.1\r\n\r\n', body);
  return body;
}

const head = (length: number) => `HTTP/1.1 206 x\r\nContent-Length: ${length}\r\n\r\n`;

describe('the connections of streams', () => {
  it('serve one request after another, each with its own body', async () => {
    for (const text of ['0123456789', 'a', 'bcd']) {
      answer = head(text.length) + text;
      const body = ask(text.length);
      expect(await body.ended).toBe('end');
      expect(body.text).toBe(text);
    }
    expect(connections).toHaveLength(1);
  });

  it('pass over what is said before the answer', async () => {
    answer = `HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${head(4)}body`;
    const body = ask(4);
    expect(await body.ended).toBe('end');
    expect(body.text).toBe('body');
  });

  it('are not used again when more came than was announced', async () => {
    answer = `${head(4)}body and more`;
    const first = ask(4);
    expect(await first.ended).toBe('end');
    expect(first.text).toBe('body');
    await expect.poll(() => connections[0]?.destroyed).toBe(true);
    answer = `${head(2)}ok`;
    const second = ask(2);
    expect(await second.ended).toBe('end');
    expect(second.text).toBe('ok');
  });

  it('are not used again while they hang up', async () => {
    answer = `${head(4)}body and more`;
    expect(await ask(4).ended).toBe('end'); // what is too much has come by now, and the end of the connection has not
    answer = `${head(2)}ok`;
    expect(await ask(2).ended).toBe('end');
  });

  it('tell of a hang-up in the middle, of what is no HTTP and of their own end', async () => {
    answer = `${head(9)}half`;
    const cut = ask(9);
    await expect.poll(() => cut.text).toBe('half');
    connections[0]?.end();
    expect(await cut.ended).toBeUndefined();
    answer = 'SSH-2.0';
    expect(await ask(9).ended).toBeInstanceOf(NotHttpError);
    answer = `HTTP/1.1 206 x\r\nendless: ${'x'.repeat(20_000)}`;
    expect(await ask(9).ended).toBeInstanceOf(NotHttpError);
    answer = '';
    const waiting = ask(9);
    await expect.poll(() => connections).toHaveLength(4);
    await sockets.close(stopped);
    expect(await waiting.ended).toBe(stopped);
  });
});

import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type HttpHead, NotHttpError, parseHead } from './http-head.ts';

/** Who wants the answer to a request. */
export interface AnswerSink {
  /** @returns how many bytes of the body to take; undefined for all, until the server hangs up */
  onHead(head: HttpHead): number | undefined;
  /** Where the next bytes go: at least one byte of memory, valid until `filled` is called. */
  space(): Uint8Array;
  /** So many bytes of it are filled. @returns false when no more are to come until {@link StreamSocket.resume} */
  filled(bytes: number): boolean;
  /** All that `onHead` asked for has come. */
  onEnd(): void;
  /** Nothing more comes. Not after `onEnd`. @param error why, or undefined when the server just hung up */
  onFailure(error: unknown): void;
}

export interface SocketTarget {
  /** `http:` or `https:`. */
  readonly url: URL;
  readonly connectMs: number;
}

/**
 * One connection to a server, for one request after another, whose body is read right into memory that its receiver chose. A
 * general client allocates and copies every 64 KiB; at the speed of a loopback that costs more than all the rest. So this one
 * knows just the HTTP/1.1 that a stream takes: GET, a head, and a body of known length.
 */
export class StreamSocket {
  readonly #socket: Socket;
  readonly #onIdle: (socket: StreamSocket) => void;
  readonly #onClosed: (socket: StreamSocket) => void;
  readonly #head = Buffer.allocUnsafeSlow(MAX_HEAD_BYTES);
  #headLength = 0;
  #sink: AnswerSink | undefined;
  #isInBody = false;
  /** Of the body, to come. */
  #left = 0;
  #isPaused = false;
  /** The server hangs up after this answer. */
  #isLast = false;
  #error: unknown;

  constructor(target: SocketTarget, events: SocketEvents) {
    this.#onIdle = events.onIdle;
    this.#onClosed = events.onClosed;
    this.#socket = this.#connect(target);
    this.#socket.on('error', error => {
      this.#error ??= error;
    });
    this.#socket.on('close', () => this.#closed());
  }

  /** False from the moment at which either side hangs up, which is before `onClosed`. */
  get isWritable(): boolean {
    return this.#socket.writable;
  }

  /** Only on a socket that is new or idle. @param head of the request, with the empty line at its end */
  send(head: string, sink: AnswerSink): void {
    this.#sink = sink;
    this.#headLength = 0;
    this.#socket.write(head, 'latin1');
  }

  /** See {@link AnswerSink.filled}. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** Hangs up; a sink that still waits hears of `reason`. */
  destroy(reason?: unknown): void {
    this.#error ??= reason;
    this.#socket.destroy();
  }

  #connect({ url, connectMs }: SocketTarget): Socket {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const onread = { buffer: () => this.#space(), callback: (bytes: number) => this.#received(bytes) };
    const isTls = url.protocol === 'https:';
    const common = { host, port: Number(url.port || (isTls ? 443 : 80)), noDelay: true, keepAlive: true };
    const tls = { ALPNProtocols: ['http/1.1'], ...(isIP(host) === 0 ? { servername: host } : {}) };
    const socket = isTls ? connectTls({ ...common, ...tls }) : connect({ ...common, onread });
    if (isTls) socket.on('data', bytes => this.#copy(bytes));
    const timer = setTimeout(() => this.destroy(new ConnectTimeout('nobody answers')), connectMs);
    socket.once(isTls ? 'secureConnect' : 'connect', () => clearTimeout(timer));
    socket.once('close', () => clearTimeout(timer));
    return socket;
  }

  /** Memory for what comes next. */
  #space(): Uint8Array {
    if (!this.#isInBody) return this.#head.subarray(this.#headLength);
    const space = this.#sink?.space() ?? this.#head;
    return space.length <= this.#left ? space : space.subarray(0, this.#left);
  }

  /** @returns whether to go on reading */
  #received(bytes: number): boolean {
    if (this.#sink === undefined)
      this.destroy(); // a server that speaks unasked
    else if (this.#isInBody) this.#inBody(this.#sink, bytes);
    else this.#inHead(this.#sink, bytes);
    return !this.#isPaused;
  }

  #inHead(sink: AnswerSink, bytes: number): void {
    this.#headLength += bytes;
    try {
      const received = this.#head.subarray(0, this.#headLength);
      const head = parseHead(received);
      if (head !== undefined) this.#begin(sink, head, Buffer.from(received.subarray(head.length)));
      else if (this.#headLength === MAX_HEAD_BYTES) throw new NotHttpError('the head of the answer is endless');
    } catch (error) {
      this.destroy(error);
    }
  }

  #begin(sink: AnswerSink, head: HttpHead, rest: Uint8Array): void {
    this.#headLength = 0;
    if (head.status >= 200) {
      this.#isInBody = true;
      this.#isLast = head.headers.get('connection')?.toLowerCase() === 'close';
      this.#left = sink.onHead(head) ?? Number.POSITIVE_INFINITY;
    }
    // Whatever is said before the answer itself is not for us.
    if (rest.length > 0) this.#copy(rest);
  }

  #inBody(sink: AnswerSink, bytes: number): void {
    this.#left -= bytes;
    if (!sink.filled(bytes)) this.#isPaused = true;
    if (this.#left > 0) return;
    this.#isInBody = false;
    this.#sink = undefined;
    this.resume();
    sink.onEnd();
    if (this.#isLast) this.destroy();
    else this.#onIdle(this);
  }

  /** For bytes that lie elsewhere already. There is always room for a record of TLS, also when no more are wanted. */
  #copy(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.#socket.destroyed; ) {
      const part = bytes.subarray(at, at + this.#space().length);
      this.#space().set(part);
      at += part.length;
      if (!this.#received(part.length)) this.#socket.pause();
    }
  }

  #closed(): void {
    const sink = this.#sink;
    this.#sink = undefined;
    this.#onClosed(this);
    sink?.onFailure(this.#error);
  }
}

interface SocketEvents {
  /** Ready for another request. */
  readonly onIdle: (socket: StreamSocket) => void;
  readonly onClosed: (socket: StreamSocket) => void;
}

/** As Node's own limit is. */
const MAX_HEAD_BYTES = 16 * 1024;

class ConnectTimeout extends Error {
  readonly code = 'ETIMEDOUT';
}

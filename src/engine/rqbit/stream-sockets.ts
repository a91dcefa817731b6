import type { EngineError } from '../errors.ts';
import { type AnswerSink, type SocketTarget, StreamSocket } from './stream-socket.ts';

/**
 * The connections of all streams to one server. Who opens streams sees to it that they are few; those that have delivered wait a
 * moment for the next.
 */
export class StreamSockets {
  readonly #target: SocketTarget;
  readonly #open = new Set<StreamSocket>();
  readonly #idle = new Map<StreamSocket, NodeJS.Timeout>();
  #closing: EngineError | undefined;
  #onAllClosed: (() => void) | undefined;

  constructor(target: SocketTarget) {
    this.#target = target;
  }

  /** @param head of the request, with the empty line at its end */
  send(head: string, sink: AnswerSink): StreamSocket {
    const socket = this.#takeIdle() ?? this.#connect();
    socket.send(head, sink);
    if (this.#closing !== undefined) socket.destroy(this.#closing);
    return socket;
  }

  /** Breaks every connection off, with `reason` for those that wait, and resolves when they are gone. */
  async close(reason: EngineError): Promise<void> {
    this.#closing = reason;
    if (this.#open.size === 0) return;
    const closed = new Promise<void>(resolve => {
      this.#onAllClosed = resolve;
    });
    for (const socket of this.#open) socket.destroy(reason);
    await closed;
  }

  #takeIdle(): StreamSocket | undefined {
    for (const [socket, timer] of this.#idle) {
      clearTimeout(timer);
      this.#idle.delete(socket);
      if (socket.isWritable) return socket;
    }
    return undefined;
  }

  #connect(): StreamSocket {
    const socket = new StreamSocket(this.#target, {
      onIdle: idle =>
        this.#idle.set(
          idle,
          setTimeout(() => idle.destroy(), IDLE_MS),
        ),
      onClosed: closed => this.#closed(closed),
    });
    this.#open.add(socket);
    return socket;
  }

  #closed(socket: StreamSocket): void {
    clearTimeout(this.#idle.get(socket));
    this.#idle.delete(socket);
    this.#open.delete(socket);
    if (this.#open.size === 0) this.#onAllClosed?.();
  }
}

/** Less than any server keeps an idle connection, so that no request meets its end. */
const IDLE_MS = 4000;

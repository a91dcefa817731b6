import type { Clock } from '../../util/clock.ts';
import type { RqbitClient } from './client.ts';
import { RangeBody, type RangeRequest } from './range-body.ts';
import type { StreamBudget } from './stream-budget.ts';
import type { Lease, LeaseRequest } from './stream-lease.ts';

/** One open HTTP stream together with its place in the budget: both are there, or neither. */
export class StreamConnection {
  readonly body: RangeBody;
  readonly #lease: Lease;
  readonly #components: ConnectionComponents;
  #isClosed = false;
  #hasProgressed = false;
  #idleSince: number | undefined;

  private constructor(body: RangeBody, lease: Lease, components: ConnectionComponents) {
    this.body = body;
    this.#lease = lease;
    this.#components = components;
  }

  /** Waits for a place in the budget, then sends the request. @throws the signal's reason */
  static async open(components: ConnectionComponents, request: ConnectionRequest): Promise<StreamConnection> {
    const { budget, client } = components;
    let connection: StreamConnection | undefined;
    let isRevoked = false;
    const lease = await budget.acquire({
      signal: request.signal,
      priority: request.priority,
      torrent: request.range.infoHash,
      isHeld: request.isHeld,
      hadTurnInVain: request.hadTurnInVain,
      onRevoked: () => {
        isRevoked = true;
        connection?.close();
      },
    });
    try {
      request.signal.throwIfAborted();
      connection = new StreamConnection(new RangeBody(client, request), lease, components);
      // The turn of another may have come before this one could use its own.
      if (isRevoked) connection.close();
      return connection;
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  /** By its user, or because another stream's turn came. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether it ever delivered. */
  get hasProgressed(): boolean {
    return this.#hasProgressed;
  }

  /** The clock's time of the last time that somebody read from it; undefined while somebody does. */
  get idleSince(): number | undefined {
    return this.#idleSince;
  }

  /** A reader waits. */
  wanted(): void {
    this.#idleSince = undefined;
    this.#lease.wanted();
  }

  /** A reader was served, and none waits. */
  served(): void {
    if (!this.#hasProgressed) this.#components.client.noteServerWorks();
    this.#hasProgressed = true;
    this.#idleSince = this.#components.clock.now();
    this.#lease.progressed();
    this.#lease.idle();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.body.close();
    this.#lease.release();
    this.#components.onClosed(this);
  }
}

export interface ConnectionComponents {
  readonly budget: StreamBudget;
  readonly client: RqbitClient;
  readonly clock: Clock;
  readonly onClosed: (connection: StreamConnection) => void;
}

export interface ConnectionRequest extends RangeRequest {
  readonly priority: () => number;
  readonly hadTurnInVain: boolean;
  /** See {@link LeaseRequest.isHeld}. */
  readonly isHeld: boolean;
  readonly signal: AbortSignal;
}

import type { ServerResponse } from 'node:http';
import type { FileKey } from '../snapshot.ts';

/** Who shows the page at once; browsers allow six connections to one server themselves. */
const maxClients = 32;
/** A client that does not read this much is gone, or as good as gone. */
const maxUnreadBytes = 4 << 20;
/** Proxies close what is silent for a minute. */
const ticksBetweenHeartbeats = 15;

/** What clients are told at each tick. Each text is made once a tick, however many clients there are. */
export interface EventSource {
  /** The events of everyone, by name, as JSON. */
  tick(): ReadonlyMap<string, string>;
  /** What a client is told first. */
  greeting(): ReadonlyMap<string, string>;
  /** The event `pieces` of a file; undefined when there is no such file. */
  pieces(file: FileKey): Promise<string | undefined>;
}

/** Server-sent events (HTML Living Standard, 9.2). Nothing runs while nobody listens but the history that `tick` keeps. */
export class EventStream {
  readonly #source: EventSource;
  readonly #clients = new Set<Client>();
  #ticks = 0;

  constructor(source: EventSource) {
    this.#source = source;
  }

  get isFull(): boolean {
    return this.#clients.size >= maxClients;
  }

  /** Takes over an answer whose head is not sent yet, until the client goes or {@link close}. */
  attach(response: ServerResponse, headers: Readonly<Record<string, string>>, file: FileKey | undefined): void {
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    response.write('retry: 1000\n\n');
    const client = new Client(response, file);
    this.#clients.add(client);
    response.on('close', () => this.#clients.delete(client));
    response.on('error', () => this.#clients.delete(client));
    for (const [name, json] of this.#source.greeting()) client.send(name, json);
    void this.#sendPieces([client]);
  }

  tick(): void {
    const events = this.#source.tick();
    this.#ticks++;
    for (const client of this.#clients) {
      for (const [name, json] of events) client.send(name, json);
      if (this.#ticks % ticksBetweenHeartbeats === 0) client.heartbeat();
    }
    void this.#sendPieces([...this.#clients]);
  }

  close(): void {
    for (const client of this.#clients) client.end();
    this.#clients.clear();
  }

  async #sendPieces(clients: readonly Client[]): Promise<void> {
    const asked = new Map<string, Promise<string | undefined>>();
    for (const { file, key } of clients) {
      if (file && !asked.has(key))
        asked.set(
          key,
          this.#source.pieces(file).catch(() => undefined),
        );
    }
    for (const client of clients) {
      const json = await asked.get(client.key);
      if (json !== undefined) client.send('pieces', json);
    }
  }
}

class Client {
  readonly file: FileKey | undefined;
  readonly #response: ServerResponse;
  /** What was sent last, by event: what has not changed is not sent again. */
  readonly #last = new Map<string, string>();

  constructor(response: ServerResponse, file: FileKey | undefined) {
    this.#response = response;
    this.file = file;
  }

  get key(): string {
    return this.file ? `${this.file.infoHash}/${this.file.fileIndex}` : '';
  }

  /** @param json without line breaks, as JSON.stringify makes it */
  send(event: string, json: string): void {
    if (this.#last.get(event) === json) return;
    this.#last.set(event, json);
    this.#write(`event: ${event}\ndata: ${json}\n\n`);
  }

  heartbeat(): void {
    this.#write(':\n\n');
  }

  end(): void {
    this.#response.end();
  }

  #write(text: string): void {
    if (this.#response.destroyed) return;
    if (this.#response.writableLength > maxUnreadBytes) this.#response.destroy();
    else this.#response.write(text);
  }
}

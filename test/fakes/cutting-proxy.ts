import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A TCP proxy on loopback that cuts connections when it is told to. */
export class CuttingProxy {
  readonly url: URL;
  readonly #server: Server;
  readonly #clients: Set<Socket> = new Set();

  private constructor(server: Server, url: URL) {
    this.#server = server;
    this.url = url;
  }

  /** Stands before an HTTP server until the test is over. */
  static async start(target: URL): Promise<CuttingProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has an address');
    const proxy = new CuttingProxy(server, new URL(`http://127.0.0.1:${address.port}/`));
    server.on('connection', client => proxy.#serve(client, connect(Number(target.port), target.hostname)));
    onTestFinished(() => proxy.#stop());
    return proxy;
  }

  /** Cuts the connections for which `isMeant` is true, in the middle of whatever they carry. @returns how many */
  cut(isMeant: () => boolean): number {
    const cut = [...this.#clients].filter(isMeant);
    // Half of them orderly, in the middle of a body: what was promised by Content-Length does not come.
    for (const [index, client] of cut.entries()) index % 2 === 0 ? client.resetAndDestroy() : client.destroy();
    return cut.length;
  }

  #serve(client: Socket, upstream: Socket): void {
    this.#clients.add(client);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on('error', () => {}); // an end like any other
      socket.on('close', () => other.destroy());
      socket.pipe(other);
    }
    client.on('close', () => this.#clients.delete(client));
  }

  async #stop(): Promise<void> {
    this.cut(() => true);
    this.#server.close();
    await once(this.#server, 'close');
  }
}

import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';

/** What a server answered through the proxy. */
export interface RecordedAnswer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/** An HTTP proxy on loopback that notes what a server is asked and answers; while the server is away it hangs up on everybody. */
export class RecordingProxy {
  readonly url: URL;
  /** `GET /torrents`, as they come. */
  readonly requests: string[] = [];
  readonly answers: RecordedAnswer[] = [];

  private constructor(url: URL) {
    this.url = url;
  }

  /** Until the test is over. */
  static async start(target: URL): Promise<RecordingProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has an address');
    const proxy = new RecordingProxy(new URL(`http://127.0.0.1:${address.port}/`));
    server.on('request', (request, response) => proxy.#pass(target, request, response));
    return proxy;
  }

  #pass(target: URL, request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url: path = '', headers } = request;
    this.requests.push(`${method} ${path}`);
    const hangUp = () => void request.socket.destroy();
    const onward = forward(new URL(path, target), { method, headers }, answer => {
      const status = answer.statusCode ?? 0;
      this.answers.push({ method, path, status });
      response.writeHead(status, answer.headers);
      answer.on('error', hangUp).pipe(response);
    });
    onward.on('error', hangUp);
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  }
}

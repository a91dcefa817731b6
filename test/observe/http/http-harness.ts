import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../../src/observe/http/http-server.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import { FakeMountView } from '../../fakes/fake-mount-view.ts';

export const TOKEN = 'correct horse battery staple'.replaceAll(' ', '-');

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: unknown;
}

export interface RunningServer {
  readonly server: HttpServer;
  readonly mount: FakeMountView;
  /** Sends a request as no browser would let a page do: with any Host, Origin and length. */
  send(method: string, path: string, options?: SendOptions): Promise<Answer>;
}

export interface SendOptions {
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly agent?: RequestOptions['agent'];
}

/** A server on a free port, stopped when the test is over. */
export async function runServer(
  options: Partial<HttpServerOptions> & { mount?: FakeMountView } = {},
): Promise<RunningServer> {
  const { mount = new FakeMountView() } = options;
  const server = await startHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    token: undefined,
    logger: silentLogger,
    dashboard: fileURLToPath(new URL('../../../src/observe/dashboard', import.meta.url)),
    ...options,
    mount,
  });
  onTestFinished(() => server.stop());
  return { server, mount, send: (method, path, sent) => send(server.url, method, path, sent) };
}

async function send(url: string, method: string, path: string, options: SendOptions = {}): Promise<Answer> {
  const { headers = {}, body, agent } = options;
  const target = new URL(url);
  // 0.0.0.0 and [::] are addresses to listen on, not to call.
  const host = ['0.0.0.0', '[::]'].includes(target.hostname) ? '127.0.0.1' : target.hostname;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: host.replace(/^\[|\]$/g, ''),
        port: target.port,
        method,
        path,
        headers,
        ...(agent !== undefined && { agent }),
      },
      response => {
        text(response).then(
          answered =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: answered,
              json: parsed(answered),
            }),
          reject,
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export function postJson(value: unknown, headers: Record<string, string> = {}): SendOptions {
  const body = JSON.stringify(value);
  return {
    headers: { 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(body)}`, ...headers },
    body,
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

import { request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { serveOnLoopback } from './loopback-site.ts';

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
  readonly requests: string[];
  readonly answers: RecordedAnswer[];

  private constructor(url: URL, { requests, answers }: Recorded) {
    this.url = url;
    this.requests = requests;
    this.answers = answers;
  }

  /** Until the test is over. */
  static async start(target: URL): Promise<RecordingProxy> {
    const recorded: Recorded = { requests: [], answers: [] };
    const url = await serveOnLoopback((request, response) => pass(target, recorded, request, response));
    return new RecordingProxy(url, recorded);
  }
}

type Recorded = Pick<RecordingProxy, 'requests' | 'answers'>;

function pass(target: URL, recorded: Recorded, request: IncomingMessage, response: ServerResponse): void {
  const { method = '', url: path = '', headers } = request;
  recorded.requests.push(`${method} ${path}`);
  const hangUp = () => void request.socket.destroy();
  const onward = forward(new URL(path, target), { method, headers }, answer => {
    const status = answer.statusCode ?? 0;
    recorded.answers.push({ method, path, status });
    response.writeHead(status, answer.headers);
    answer.on('error', hangUp).pipe(response);
  });
  onward.on('error', hangUp);
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}

import { LatencyHistogram } from '../../util/latency-histogram.ts';
import { EngineError } from '../errors.ts';
import type { EngineRequestFigures } from '../figures.ts';

/** Times the calls of the API, by endpoint, and counts what they failed with. */
export class RequestMeter {
  readonly #endpoints = new Map<string, Endpoint>();

  async measure<T>(method: string, path: string, call: () => Promise<T>): Promise<T> {
    const endpoint = this.#endpoint(`${method} ${endpointOf(path)}`);
    const startedAt = performance.now();
    try {
      return await call();
    } catch (error) {
      const code = error instanceof EngineError ? error.code : 'cancelled';
      endpoint.errors.set(code, (endpoint.errors.get(code) ?? 0) + 1);
      throw error;
    } finally {
      endpoint.latencies.record(performance.now() - startedAt);
    }
  }

  figures(): EngineRequestFigures[] {
    return [...this.#endpoints].map(([endpoint, { latencies, errors }]) => ({
      endpoint,
      latencies: latencies.snapshot(),
      errors: [...errors].map(([code, count]) => ({ code, count })),
    }));
  }

  #endpoint(name: string): Endpoint {
    const known = this.#endpoints.get(name) ?? { latencies: new LatencyHistogram(), errors: new Map() };
    this.#endpoints.set(name, known);
    return known;
  }
}

interface Endpoint {
  readonly latencies: LatencyHistogram;
  readonly errors: Map<string, number>;
}

/** The path without the torrent that it names. */
function endpointOf(path: string): string {
  return path.replace(/^\/torrents\/[0-9a-f]{40}/, '/torrents/{torrent}');
}

import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  type RetryPolicy,
  retry,
} from 'cockatiel';
import { abortable } from '../../util/abortable.ts';
import { EngineError } from '../errors.ts';

/**
 * Every call to the server goes through one circuit breaker: after five failures in a row that blame the server, calls fail
 * at once for 30 s, then one is let through to probe. Calls that may be repeated without harm are, a few times.
 */
export class ServerGuard {
  readonly #server: string;
  readonly #retry: RetryPolicy;
  #breaker: CircuitBreakerPolicy = newBreaker();

  /** @param server what the server is called in messages */
  constructor(server: string) {
    this.#server = server;
    this.#retry = retry(handleWhen(isWorthRepeating), {
      maxAttempts: RETRIES,
      backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 2000 }),
    });
  }

  /** One attempt. @throws EngineError `breaker-open` without having tried; what `attempt` throws; the signal's reason */
  once<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return abortable(this.#attempt(attempt), signal);
  }

  /** A call that may be made again: up to four attempts. */
  repeated<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const guarded = () => (signal.aborted ? Promise.reject(signal.reason) : this.#attempt(attempt));
    return abortable(this.#retry.execute(guarded, signal), signal);
  }

  /** The server was seen to work, by other means than a call: what it failed before is forgiven. */
  forgive(): void {
    if (this.#breaker.state !== CircuitState.Closed) this.#breaker = newBreaker();
  }

  get breaker(): 'closed' | 'half-open' | 'open' {
    if (this.#breaker.state === CircuitState.Open) return 'open';
    return this.#breaker.state === CircuitState.HalfOpen ? 'half-open' : 'closed';
  }

  async #attempt<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await this.#breaker.execute(attempt);
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) throw error;
      const message = `${this.#server} failed ${BREAKER_FAILURES} times in a row; it is tried again within ${BREAKER_OPEN_MS / 1000} s`;
      throw new EngineError('breaker-open', message, { cause: error });
    }
  }
}

/** Three: with the waits between them over in about a second, so that a poll of a lost server ends before the next. */
const RETRIES = 3;
const BREAKER_FAILURES = 5;
const BREAKER_OPEN_MS = 30_000;

function newBreaker(): CircuitBreakerPolicy {
  return circuitBreaker(
    handleWhen(error => error instanceof EngineError && error.isServerUnavailable),
    { halfOpenAfter: BREAKER_OPEN_MS, breaker: new ConsecutiveBreaker(BREAKER_FAILURES) },
  );
}

/** A server that said nothing until the time was up is not asked again by the same call: its caller waited long enough. */
function isWorthRepeating(error: Error): boolean {
  return (
    error instanceof EngineError &&
    error.isServerUnavailable &&
    error.code !== 'breaker-open' &&
    error.code !== 'read-timeout'
  );
}

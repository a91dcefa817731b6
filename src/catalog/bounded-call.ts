import { EngineError } from '../engine/index.ts';
import { abortable } from '../util/abortable.ts';

/**
 * Calls the engine with a signal that fires with `signal`, or when the time is up: then the call is given up as
 * `read-timeout`, even if it never answers its signal.
 */
export async function boundedCall<T>(
  call: (signal: AbortSignal) => Promise<T>,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<T> {
  const controller = new AbortController();
  const forward = (): void => controller.abort(signal.reason);
  const timer = setTimeout(() => controller.abort(noAnswer(timeoutMs)), timeoutMs);
  signal.addEventListener('abort', forward, { once: true });
  try {
    if (signal.aborted) throw signal.reason;
    return await abortable(call(controller.signal), controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', forward);
  }
}

function noAnswer(timeoutMs: number): EngineError {
  return new EngineError('read-timeout', `the engine did not answer within ${timeoutMs / 1000} s`);
}

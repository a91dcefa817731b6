/**
 * Keeps a fault that happens a thousand times a second from flooding the log: of lines alike, the first few of a window are
 * let through and the others counted; when the window ends, one line tells how many they were.
 */
export class RepeatLimiter {
  /** Enough to see a pattern. */
  static readonly maxPerWindow = 10;
  static readonly windowMs = 10_000;

  readonly #windows = new Map<string, Window>();
  readonly #onSuppressed: (key: string, count: number) => void;

  /** @param onSuppressed gets, at the end of a window, how many lines of it were not let through; over 0 */
  constructor(onSuppressed: (key: string, count: number) => void) {
    this.#onSuppressed = onSuppressed;
  }

  /** Whether a line of this kind may be written now. */
  admits(key: string): boolean {
    const window = this.#windows.get(key) ?? this.#open(key);
    window.count++;
    return window.count <= RepeatLimiter.maxPerWindow;
  }

  /** Ends all windows at once. */
  close(): void {
    for (const key of [...this.#windows.keys()]) this.#end(key);
  }

  #open(key: string): Window {
    const timer = setTimeout(() => this.#end(key), RepeatLimiter.windowMs);
    timer.unref();
    const window = { count: 0, timer };
    this.#windows.set(key, window);
    return window;
  }

  #end(key: string): void {
    const window = this.#windows.get(key);
    if (!window) return;
    this.#windows.delete(key);
    clearTimeout(window.timer);
    const suppressed = window.count - RepeatLimiter.maxPerWindow;
    if (suppressed > 0) this.#onSuppressed(key, suppressed);
  }
}

interface Window {
  count: number;
  readonly timer: NodeJS.Timeout;
}

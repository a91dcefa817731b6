import { InvalidValueError } from './errors.ts';

const unitMs = new Map([
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]);

/**
 * `30s`, `500ms`, `1m30s`; a bare number is seconds, as in systemd.time(7).
 *
 * @returns milliseconds
 * @throws InvalidValueError
 */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  const ms = /^\d+(?:\.\d+)?$/.test(trimmed) ? Number(trimmed) * 1000 : sumOfParts(trimmed);
  if (!Number.isSafeInteger(ms)) throw new InvalidValueError(`"${text}" is no duration: write 30s, 500ms or 5m`);
  return ms;
}

function sumOfParts(text: string): number {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[dhms])\s*)+$/i.test(text)) return Number.NaN;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])/gi)) {
    sum += Number(amount) * (unitMs.get((unit ?? '').toLowerCase()) ?? Number.NaN);
  }
  return sum;
}

/** The shortest text with one unit that {@link parseDuration} reads back as the same number. */
export function formatDuration(ms: number): string {
  for (const [unit, size] of unitMs) {
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}

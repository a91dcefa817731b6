import { InvalidValueError } from './errors.ts';

/** K, M, G and T are powers of 1024, as are KiB to TiB; KB to TB are powers of 1000, as in dd(1). */
const unitBytes = new Map([
  ['', 1],
  ['b', 1],
  ...['k', 'm', 'g', 't'].flatMap((letter, index): [string, number][] => [
    [letter, 1024 ** (index + 1)],
    [`${letter}ib`, 1024 ** (index + 1)],
    [`${letter}b`, 1000 ** (index + 1)],
  ]),
]);

/** @throws InvalidValueError */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = match && unitBytes.get((match[2] ?? '').toLowerCase());
  const bytes = match && unit ? Number(match[1]) * unit : Number.NaN;
  if (!Number.isSafeInteger(bytes))
    throw new InvalidValueError(`"${text}" is no size: write 256M, 1G or a number of bytes`);
  return bytes;
}

/** The shortest text that {@link parseSize} reads back as the same number. */
export function formatSize(bytes: number): string {
  for (const [exponent, letter] of [...'KMGT'].map((letter, index) => [index + 1, letter] as const).reverse()) {
    if (bytes > 0 && bytes % 1024 ** exponent === 0) return `${bytes / 1024 ** exponent}${letter}`;
  }
  return String(bytes);
}

import { bytesInWords } from '../../observe/words.ts';

export function formatSpeed(bytesPerSecond: number): string {
  return `${bytesInWords(Math.round(bytesPerSecond))}/s`;
}

/** `58 %`, and 100 only for what is whole. */
export function formatPercent(fraction: number): string {
  const percent = fraction >= 1 ? 100 : Math.min(99.9, Math.floor(fraction * 1000) / 10);
  return `${percent === 100 || percent === 0 ? percent : percent.toFixed(1)} %`;
}

/** A bar of that many columns; eighths of a block make it move smoothly. */
export function progressBar(fraction: number, columns: number): string {
  const eighths = Math.floor(Math.min(1, Math.max(0, fraction)) * columns * 8);
  const full = Math.floor(eighths / 8);
  const partial = [...'░▏▎▍▌▋▊▉'][eighths % 8] ?? '';
  return '█'.repeat(full) + (full < columns ? partial : '') + '░'.repeat(Math.max(0, columns - full - 1));
}

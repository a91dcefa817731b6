/** Bytes for people, with three digits: `0 B`, `1.42 GiB`, `512 KiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  // 999.5 would be rounded to four digits.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : threeDigits(value)} ${units[unit]}`;
}

function threeDigits(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

export function formatSpeed(bytesPerSecond: number): string {
  return `${formatBytes(Math.round(bytesPerSecond))}/s`;
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

/** `5 peers`, `1 peer`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

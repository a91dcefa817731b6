/** Figures as people read them. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Three significant digits, in powers of 1024: `0 B`, `512 KiB`, `1.42 GiB`. */
export function bytesInWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 would be rounded to four digits.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** The two largest units. */
export function durationInWords(seconds: number): string {
  if (seconds < 1) return 'less than a second';
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return join(Math.floor(whole / 60), 'min', whole % 60, 's');
  if (whole < 86_400) return join(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'min');
  const days = Math.floor(whole / 86_400);
  if (days > 365) return 'more than a year';
  return join(days, days === 1 ? 'day' : 'days', Math.floor((whole % 86_400) / 3600), 'h');
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** `3, 7–9 and 12`, cut after a few runs. */
export function runsInWords(runs: readonly (readonly [first: number, last: number])[]): string {
  const shown = runs.slice(0, maxRuns).map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`));
  if (runs.length > maxRuns) return `${shown.join(', ')} and ${runs.length - maxRuns} more ranges`;
  return shown.length > 1 ? `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}` : (shown[0] ?? 'none');
}

const maxRuns = 5;

/** `5 peers`, `1 peer`. */
export function countInWords(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}

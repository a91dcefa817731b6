/** Figures as people read them. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** @param {number} count */
export function bytes(count) {
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** @param {number} bytesPerSecond */
export function speed(bytesPerSecond) {
  return `${bytes(bytesPerSecond)}/s`;
}

/**
 * Rounded down: 100 % is only said of what is complete.
 * @param {number} share 0–1
 */
export function percent(share) {
  return `${share >= 1 ? 100 : (Math.floor(share * 1000) / 10).toFixed(1)} %`;
}

/** @param {number} milliseconds */
export function duration(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** @param {number} seconds of a read, from microseconds up */
export function latency(seconds) {
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
  return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
}

/**
 * In one line, or in several that break between the facts alone.
 * @param {string[]} parts
 */
export function facts(parts) {
  return parts.map(part => part.replaceAll(' ', '\u00a0')).join(' · ');
}

/**
 * @param {number} amount
 * @param {string} noun
 */
export function count(amount, noun) {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

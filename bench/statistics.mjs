/** The value below which the share `p` (0 to 1) of the values lies. */
export function percentile(values, p) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))];
}

export function median(values) {
  return percentile(values, 0.5);
}

/** The median of one figure of each result. */
export function mid(results, key) {
  return median(results.map(result => result[key]));
}

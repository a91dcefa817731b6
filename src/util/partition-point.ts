/** How many items are in front, by bisection: all that satisfy the predicate must come before all that do not. */
export function partitionPoint<T>(items: readonly T[], isInFront: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isInFront(items[middle] as T))
      low = middle + 1; // within the bounds
    else high = middle;
  }
  return low;
}

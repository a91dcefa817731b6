/** Like `Promise.all(items.map(work))`, with at most `limit` at work at the same time. The first failure stops the rest. */
export async function mapBounded<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const entries = items.entries();
  let hasFailed = false;
  const worker = async () => {
    for (const [index, item] of entries) {
      if (hasFailed) return;
      results[index] = await work(item).catch(error => {
        hasFailed = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}

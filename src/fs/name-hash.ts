/**
 * A signed 32-bit hash of a name, FNV-1a with a final mix (MurmurHash3's), for tables that are indexed by its low bits. Takes a range of a larger array, so that neither side of a comparison needs a view of its own.
 */
export function hashName(seed: number, bytes: Uint8Array, start: number, end: number): number {
  let hash = (seed ^ 0x811c9dc5) | 0;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

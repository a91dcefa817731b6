// What a read costs on the fuse thread when the cache has it: finding the handle and the blocks, pinning, slicing, releasing.
import { createCacheMemory } from '../../dist/cache/cache-memory.js';
import { CacheReader } from '../../dist/cache/cache-reader.js';
import { CacheWriter } from '../../dist/cache/cache-writer.js';
import { FastReader } from '../../dist/read/fast-reader.js';
import { createHandleMemory, HandleReader, HandleTable } from '../../dist/read/handle-table.js';

const CACHE_BYTES = 64 << 20;
const ROUNDS = 500_000;

/** @param {{ row: (row: object) => void }} report */
export default async function run({ row }) {
  const cacheMemory = createCacheMemory(CACHE_BYTES);
  const handleMemory = createHandleMemory();
  const writer = new CacheWriter(cacheMemory);
  const block = new Uint8Array(writer.blockBytes);
  for (let key = 1; key <= CACHE_BYTES / block.length; key++) writer.put(key, block, false);
  const handle = new HandleTable(handleMemory).open(1, CACHE_BYTES);
  const reader = new FastReader(new CacheReader(cacheMemory), new HandleReader(handleMemory));
  for (const size of [4 << 10, 128 << 10, 1 << 20]) {
    measure(reader, handle, size);
    row({ measure: `${size >> 10} KiB hit, random`, unit: 'ns', ours: measure(reader, handle, size) });
  }
}

/** @returns nanoseconds of a read, the memory copy not included: that is the kernel's */
function measure(reader, handle, size) {
  const places = CACHE_BYTES / size;
  const startedAt = process.hrtime.bigint();
  for (let round = 0; round < ROUNDS; round++) {
    const reply = reader.read(handle, ((round * 7919) % places) * size, size);
    if (reply === undefined) throw new Error('a block is missing from the cache');
    reply.release();
  }
  return Number(process.hrtime.bigint() - startedAt) / ROUNDS;
}

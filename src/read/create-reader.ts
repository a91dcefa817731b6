import type { CacheWriter } from '../cache/cache-writer.ts';
import type { Engine } from '../engine/index.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import { type Logger, silentLogger } from '../util/logger.ts';
import { SpareBuffers } from '../util/spare-buffers.ts';
import { Admission, type AdmissionLimits, defaultAdmissionLimits } from './admission.ts';
import { AssemblyPool, DEFAULT_ASSEMBLY_LIMIT } from './assembly-pool.ts';
import { ByteBudget } from './byte-budget.ts';
import type { HandleTable } from './handle-table.ts';
import { TorrentReader } from './torrent-reader.ts';
import { rememberVerifiedFiles, type VerifiedFiles } from './verified-files.ts';
import { WindowLedger } from './window-ledger.ts';

export interface ReaderComponents {
  readonly engine: Engine;
  readonly cache: CacheWriter;
  readonly handles: HandleTable;
  /** Remembers across mounts which files were hashed whole; else it is forgotten with the reader. */
  readonly verified?: VerifiedFiles;
  readonly clock?: Clock;
  readonly log?: Logger;
}

export interface ReaderOptions {
  /** The largest window of one reader, in bytes; 0 fetches nothing ahead. */
  readonly readAheadBytes: number;
  /** Hash by piece what the engine's streams bring, too. */
  readonly verifyAll?: boolean;
  readonly admission?: AdmissionLimits;
  /** Blocks under assembly that may hold memory. */
  readonly assemblyLimit?: number;
}

/**
 * What the read path holds beside the cache is at most 128 MiB, whatever happens: 64 MiB of blocks under assembly
 * ({@link DEFAULT_ASSEMBLY_LIMIT}), 32 MiB of answers that are complete in part, and 32 MiB being read from local files. One
 * piece that is larger than that is read alone. Where streams are hashed, each that has begun to bring a piece holds that one, too:
 * in no budget, for whoever held some of it would wait for a network, and maybe for a stream of whom it kept waiting.
 */
const REPLY_BUDGET_BYTES = 32 << 20;
const LOCAL_BUDGET_BYTES = 32 << 20;
/** Of those, kept to be used again: the reads of one file at a time, in the usual sizes. */
const LOCAL_SPARE_BYTES = 8 << 20;

/** The read path of a mount. The engine, the cache and the handle table stay their owner's; `stop` ends the rest. */
export function createReader(components: ReaderComponents, options: ReaderOptions): TorrentReader {
  const { engine, cache, handles, clock = systemClock, log = silentLogger } = components;
  return new TorrentReader({
    engine,
    cache,
    handles,
    clock,
    log,
    verified: components.verified ?? rememberVerifiedFiles(),
    verifyAll: options.verifyAll ?? false,
    traffic: { fromStreams: 0, fromLocalFiles: 0, delivered: 0 },
    pool: new AssemblyPool(options.assemblyLimit ?? DEFAULT_ASSEMBLY_LIMIT, clock),
    admission: new Admission(options.admission ?? defaultAdmissionLimits),
    replyBudget: new ByteBudget(REPLY_BUDGET_BYTES),
    localBudget: new ByteBudget(LOCAL_BUDGET_BYTES),
    localMemory: new SpareBuffers(LOCAL_SPARE_BYTES),
    // Half of the cache: what is read ahead must still be there when its reader comes, beside what was read already.
    windows: new WindowLedger(Math.floor(cache.capacityBytes / 2)),
    maxWindowBytes: options.readAheadBytes,
  });
}

import { closeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from '../util/logger.ts';
import type { Attachment } from './attach/attach.ts';
import { abortConnection, withAbort } from './attach/connection.ts';
import { detach } from './attach/detach.ts';
import { readMountTable, topmostAt } from './attach/mount-table.ts';
import { BackingFiles } from './backing-files.ts';
import { FuseError } from './errors.ts';
import type { SessionLimits } from './filesystem.ts';
import type { FuseThread, FuseThreadEnd } from './fuse-thread-handle.ts';
import { Notifier } from './notifier.ts';
import { type OperationTotals, readOperationCounters } from './operation-counters.ts';
import type { SlowLane } from './slow-lane.ts';

/** Why a mount is no more: detached, ended through fusectl, or the fuse thread died. */
export type FuseCloseReason = 'unmounted' | 'aborted' | 'failed';

interface FuseMountParts {
  readonly attachment: Attachment;
  readonly thread: FuseThread;
  readonly slowLane: SlowLane | undefined;
  readonly counters: SharedArrayBuffer | undefined;
  readonly logger: Logger;
}

/** A detached mount that nobody uses is closed within a few milliseconds; this is for a busy machine. */
const DETACHED_MS = 1_000;
/** The same where files are expected to be open, so that waiting is probably in vain. */
const LAZY_MS = 50;

/** A mount that is served. */
export class FuseMount {
  /** As the mount table shows it. */
  readonly mountpoint: string;
  /** Minor of the mount's device number; names its folder under /sys/fs/fuse/connections. */
  readonly devMinor: number;
  readonly limits: SessionLimits;
  readonly notifier: Notifier;
  /** Where files can be handed to the kernel: kernel 6.9, as root. */
  readonly backingFiles: BackingFiles | undefined;
  /** Resolves when nothing of the mount is left, whoever ended it. Never rejects. */
  readonly closed: Promise<FuseCloseReason>;

  readonly #parts: FuseMountParts;
  #isClosed = false;

  private constructor(parts: FuseMountParts, limits: SessionLimits, backingFiles: BackingFiles | undefined) {
    this.#parts = parts;
    this.mountpoint = parts.attachment.mountpoint;
    this.devMinor = parts.attachment.devMinor;
    this.limits = limits;
    this.notifier = new Notifier(parts.attachment.fd);
    this.backingFiles = backingFiles;
    this.closed = this.#close();
  }

  /** @internal Serves what was attached; detaches it if that fails. */
  static async serve(parts: FuseMountParts): Promise<FuseMount> {
    const { fd, mountpoint } = parts.attachment;
    try {
      const limits = await parts.thread.serve(fd);
      const backingFiles = await loadBackingFiles(fd, limits, parts.logger);
      return new FuseMount(parts, limits, backingFiles);
    } catch (error) {
      await detach(mountpoint, { lazy: true });
      closeSync(fd);
      throw error;
    }
  }

  /**
   * Takes the mount down; resolves when nothing of it is left. `force` does so while files are open: it detaches lazily and
   * ends the connection, so that every wait on it fails.
   *
   * @throws FuseError `busy` unless forced; `unmount-failed` when the connection cannot be ended: the caller then ends the
   *   process with {@link exitNow}
   */
  async unmount({ force = false }: { readonly force?: boolean } = {}): Promise<void> {
    if (this.#isClosed) return;
    await withAbort(this.devMinor, abort => this.#takeDown(force, abort));
  }

  async #takeDown(force: boolean, abort: () => boolean): Promise<void> {
    if (this.#isAttached()) await detach(this.mountpoint, { lazy: force });
    else if (!force && !(await this.#closesWithin(DETACHED_MS))) {
      throw new FuseError(
        'busy',
        `${this.mountpoint} was detached or covered by someone else, and files on it are open`,
      );
    }
    if (!(await this.#closesWithin(force ? LAZY_MS : DETACHED_MS))) await this.#cutOff(abort);
    await this.closed;
  }

  /** The level of the logger has changed: the fuse thread, which never gets to ask, begins or ceases to tell. */
  followLogLevel(): void {
    this.#parts.thread.followLogLevel();
  }

  /** The number that Linux has for the thread that loops on the device. */
  get osThread(): number {
    return this.#parts.thread.osThread;
  }

  /** What was asked of the mount so far, by operation and lane. */
  operations(): readonly OperationTotals[] {
    const { counters } = this.#parts;
    return counters ? readOperationCounters(counters) : [];
  }

  /** Whether what is mounted there is still ours. */
  #isAttached(): boolean {
    return topmostAt(readMountTable(), this.mountpoint)?.devMinor === this.devMinor;
  }

  /** Ends the connection of a mount that is out of the tree and lives on, through open files or as a copy in another mount namespace. */
  async #cutOff(abort: () => boolean): Promise<void> {
    if (abort() || (await this.#closesWithin(DETACHED_MS))) return;
    const what = `${this.mountpoint} is detached but in use, and there is no /sys/fs/fuse/connections to cut it off`;
    throw new FuseError('unmount-failed', `${what}; end the process`);
  }

  async #closesWithin(ms: number): Promise<boolean> {
    const timer = new AbortController();
    const tooLate = setTimeout(ms, false, { signal: timer.signal }).catch(() => false);
    try {
      return await Promise.race([this.closed.then(() => true), tooLate]);
    } finally {
      timer.abort();
    }
  }

  async #close(): Promise<FuseCloseReason> {
    const { thread, slowLane, logger, attachment } = this.#parts;
    const end = await thread.ended;
    if (end.reason === 'failed') logger.error({ reason: end.message }, 'the fuse thread failed');
    slowLane?.close();
    if (this.#isAttached()) {
      // Nobody answers any more: without this, whoever touches the mount would hang.
      await abortConnection(this.devMinor);
      await detach(this.mountpoint, { lazy: true }).catch(error => logger.warn({ error }, 'a dead mount stays'));
    }
    await this.notifier.stop();
    closeSync(attachment.fd);
    this.#isClosed = true;
    return closeReason(end);
  }
}

/** Needs CAP_SYS_ADMIN, so that only root tries. */
async function loadBackingFiles(fd: number, limits: SessionLimits, logger: Logger): Promise<BackingFiles | undefined> {
  if (!limits.passthrough || process.geteuid?.() !== 0) return undefined;
  return BackingFiles.load(fd, logger).catch(error => {
    logger.warn({ error }, 'no passthrough: koffi cannot be loaded');
    return undefined;
  });
}

function closeReason(end: FuseThreadEnd): FuseCloseReason {
  return end.reason === 'refused' ? 'failed' : end.reason;
}

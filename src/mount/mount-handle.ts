/** What `mount()` takes, what it gives its caller, and what it fails with. */

import type { Config } from '../config/options.ts';
import type { Logger } from '../util/logger.ts';

export interface MountOptions {
  readonly mountpoint: string;
  /** As people write them; those of the configuration are mounted beside them. */
  readonly sources: readonly string[];
  readonly config: Config;
  readonly logger: Logger;
  /** Gives the mount up while it is being made: nothing of it is left, and `mount()` rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** Why a mount is no more. */
export type CloseReason = 'unmounted' | 'kernel-detached' | 'failed';

export interface MountHandle {
  readonly mountpoint: string;
  /** The engine and where it is, for people. */
  readonly engineDescription: string;
  /** Why this engine was chosen, in one sentence. */
  readonly engineReason: string;
  readonly dataDir: string;
  /** Where dashboard and API are; undefined where they are off. */
  readonly dashboardUrl: string | undefined;

  /** What `.torrent-fuse/status.json` of the mount holds at this moment. */
  status(): unknown;

  /** Takes up what has changed of the options that can be reloaded; the others are left as they are, and all when it fails. */
  reload(config: Config): Promise<void>;

  /**
   * Takes the mount down in order: kernel detached, waits cancelled, engine stopped. Idempotent.
   *
   * @throws FuseError `busy` while files of the mount are open, unless `force`: then the mount is detached lazily. Reads that have
   *   not got on for five seconds fail then, so that another attempt may succeed
   */
  unmount(options?: UnmountOptions): Promise<void>;

  /** Resolves when nothing of the mount is left, whoever ended it. Never rejects. */
  readonly closed: Promise<CloseReason>;
}

export interface UnmountOptions {
  readonly force?: boolean;
}

/** Why a mount could not be made; each code has one next step, which the message ends with. */
export const mountErrorCodes = [
  'bad-source', // a source on the command line is no torrent
  'data-dir', // cannot be made, written, or is not ours
  'data-dir-locked', // another mount uses it
  'engine', // the chosen engine cannot be started or reached
  'http', // the dashboard cannot be served as asked
] as const;

export type MountErrorCode = (typeof mountErrorCodes)[number];

export class MountError extends Error {
  override readonly name = 'MountError';
  readonly code: MountErrorCode;

  constructor(code: MountErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What `mount()` gives its caller, and what it fails with. */

/** Why a mount is no more. */
export type CloseReason = 'unmounted' | 'kernel-detached' | 'failed';

export interface MountHandle {
  readonly mountpoint: string;
  /** The engine and where it is, for people. */
  readonly engineDescription: string;
  /** Why this engine was chosen, in one sentence. */
  readonly engineReason: string;
  readonly dataDir: string;

  /**
   * Takes the mount down in order: no new requests, waits cancelled, kernel detached, engine stopped. Idempotent.
   *
   * @throws FuseError `busy` while files of the mount are open, unless `force`: then the mount is detached lazily
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

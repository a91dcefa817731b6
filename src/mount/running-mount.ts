import type { Config } from '../config/options.ts';
import { FuseError, type FuseMount } from '../fuse/index.ts';
import type { Logger } from '../util/logger.ts';
import type { Teardown } from '../util/teardown.ts';
import type { CloseReason, MountHandle, UnmountOptions } from './mount-handle.ts';

export interface RunningMountParts {
  readonly fuse: FuseMount;
  readonly engineDescription: string;
  readonly engineReason: string;
  readonly dataDir: string;
  readonly dashboardUrl: string | undefined;
  readonly status: () => unknown;
  /** Fails the reads that wait and have not got on for so long. */
  readonly dismiss: (silentMs: number) => void;
  /** @throws MountError `bad-source`; what was is kept then */
  readonly reload: (config: Config) => Promise<void>;
  /** All that was started for the mount, but the mount itself. */
  readonly teardown: Teardown;
  readonly logger: Logger;
}

/** rqbit takes four seconds to show that a piece grows of which no byte can be read yet. */
const IN_VAIN_MS = 5_000;

/** A mount that is served. However it ends, what was started for it is stopped after it. */
export class RunningMount implements MountHandle {
  readonly mountpoint: string;
  readonly engineDescription: string;
  readonly engineReason: string;
  readonly dataDir: string;
  readonly dashboardUrl: string | undefined;
  readonly closed: Promise<CloseReason>;
  readonly #parts: RunningMountParts;
  #askedToUnmount = false;

  constructor(parts: RunningMountParts) {
    this.#parts = parts;
    this.mountpoint = parts.fuse.mountpoint;
    this.engineDescription = parts.engineDescription;
    this.engineReason = parts.engineReason;
    this.dataDir = parts.dataDir;
    this.dashboardUrl = parts.dashboardUrl;
    this.closed = this.#close();
  }

  status(): unknown {
    return this.#parts.status();
  }

  reload(config: Config): Promise<void> {
    return this.#parts.reload(config);
  }

  async unmount({ force = false }: UnmountOptions = {}): Promise<void> {
    this.#askedToUnmount = true;
    try {
      await this.#parts.fuse.unmount({ force });
    } catch (error) {
      // Whoever waits in vain is told to go, so that a later attempt finds the mount free; a copy that gets on may end.
      if (error instanceof FuseError && error.code === 'busy') this.#parts.dismiss(IN_VAIN_MS);
      throw error;
    }
    await this.closed;
  }

  async #close(): Promise<CloseReason> {
    const { fuse, teardown, logger } = this.#parts;
    const reason = await fuse.closed;
    await teardown.run(error => logger.error({ error }, 'a part of the mount did not stop in order'));
    if (reason === 'failed') return 'failed';
    return this.#askedToUnmount ? 'unmounted' : 'kernel-detached';
  }
}

import type { KoffiFunc } from 'koffi';
import type { Logger } from '../util/logger.ts';

/** `FUSE_DEV_IOC_BACKING_OPEN`, `_IOW(229, 1, struct fuse_backing_map)`, protocol 7.40. */
const BACKING_OPEN = 0x4010_e501;
/** `FUSE_DEV_IOC_BACKING_CLOSE`, `_IOW(229, 2, uint32_t)`. */
const BACKING_CLOSE = 0x4004_e502;

type Ioctl = KoffiFunc<(fd: number, request: number, argument: Uint8Array) => number>;

/**
 * Registers open files with the kernel, which then serves reads of a FUSE file from them (`FOPEN_PASSTHROUGH` in the reply
 * to OPEN) without asking. Needs kernel 6.9 and CAP_SYS_ADMIN.
 */
export class BackingFiles {
  readonly #fuseFd: number;
  readonly #logger: Logger;
  readonly #ioctl: Ioctl;
  readonly #errno: () => number;
  readonly #reportedErrnos = new Set<number>();

  private constructor(fuseFd: number, logger: Logger, native: { ioctl: Ioctl; errno: () => number }) {
    this.#fuseFd = fuseFd;
    this.#logger = logger;
    this.#ioctl = native.ioctl;
    this.#errno = native.errno;
  }

  static async load(fuseFd: number, logger: Logger): Promise<BackingFiles> {
    const koffi = (await import('koffi')).default;
    const ioctl = koffi.load(null).func('int ioctl(int fd, unsigned long request, void *argument)') as Ioctl;
    return new BackingFiles(fuseFd, logger, { ioctl, errno: () => koffi.errno() });
  }

  /**
   * Returns the id for `OpenReply.backingId`, which the kernel keeps until {@link close} and until every open file that uses
   * it is closed. `fd` may be closed at once.
   *
   * Undefined when the kernel refuses: without CAP_SYS_ADMIN (EPERM), or if the file lies on a stacked filesystem such as
   * overlayfs (ELOOP).
   */
  open(fd: number): number | undefined {
    const map = new Uint32Array([fd, 0, 0, 0]); // struct fuse_backing_map: fd, flags, u64 padding
    const id = this.#ioctl(this.#fuseFd, BACKING_OPEN, new Uint8Array(map.buffer));
    if (id > 0) return id;
    this.#report(this.#errno());
    return undefined;
  }

  close(backingId: number): void {
    this.#ioctl(this.#fuseFd, BACKING_CLOSE, new Uint8Array(new Uint32Array([backingId]).buffer));
  }

  /** Once for each errno: a refusal is the rule of this system, not of one file. */
  #report(errno: number): void {
    if (this.#reportedErrnos.has(errno)) return;
    this.#reportedErrnos.add(errno);
    this.#logger.info({ errno }, 'the kernel refuses passthrough; files are read through the page cache');
  }
}

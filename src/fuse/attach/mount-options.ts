import { MAX_TRANSFER_BYTES } from '../handshake.ts';

export interface MountOptions {
  /** `mount` shows the type as `fuse.<subtype>`. Letters, digits, `.`, `_` and `-`, to be found in the mount table. */
  readonly subtype: string;
  /** What `mount` and `df` show as the source; same letters. The subtype if not given. */
  readonly fsName?: string;
  /** No write request reaches the filesystem. */
  readonly readOnly?: boolean;
  /** Other users than the mounting one may enter; for ordinary users only if /etc/fuse.conf says `user_allow_other`. */
  readonly allowOther?: boolean;
}

/**
 * The options that every mount has. `default_permissions`: the kernel checks modes and owners, so ACCESS never comes.
 * `nosuid` and `nodev`, because what is mounted comes from strangers. `max_read`, because INIT counts in pages, and not all
 * machines have those of 4 KiB.
 */
export function commonOptions(options: MountOptions): string[] {
  return [
    'default_permissions',
    'nosuid',
    'nodev',
    `max_read=${MAX_TRANSFER_BYTES}`,
    ...(options.readOnly ? ['ro'] : []),
    ...(options.allowOther ? ['allow_other'] : []),
  ];
}

/** What the mount table shows as mounted: the first column of mount(8) and df(1). */
export function sourceName({ fsName, subtype }: MountOptions): string {
  return fsName ?? subtype;
}

/** @throws TypeError for names that could be taken for further options */
export function checkMountOptions(options: MountOptions): void {
  for (const name of [sourceName(options), options.subtype]) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) throw new TypeError(`not usable as fsName or subtype: ${name}`);
  }
}

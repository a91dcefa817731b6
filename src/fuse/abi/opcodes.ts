/** `enum fuse_opcode` of `linux/fuse.h`; the comment tells the protocol minor that brought it, where later than 7.12. */
export const Opcode = {
  LOOKUP: 1,
  FORGET: 2, // no reply
  GETATTR: 3,
  SETATTR: 4,
  READLINK: 5,
  SYMLINK: 6,
  MKNOD: 8,
  MKDIR: 9,
  UNLINK: 10,
  RMDIR: 11,
  RENAME: 12,
  LINK: 13,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FSYNC: 20,
  SETXATTR: 21,
  GETXATTR: 22,
  LISTXATTR: 23,
  REMOVEXATTR: 24,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  FSYNCDIR: 30,
  GETLK: 31,
  SETLK: 32,
  SETLKW: 33,
  ACCESS: 34,
  CREATE: 35,
  INTERRUPT: 36, // never answered
  BMAP: 37,
  DESTROY: 38,
  IOCTL: 39,
  POLL: 40,
  NOTIFY_REPLY: 41, // 7.15; no reply
  BATCH_FORGET: 42, // 7.16; no reply
  FALLOCATE: 43, // 7.19
  READDIRPLUS: 44, // 7.21
  RENAME2: 45, // 7.23
  LSEEK: 46, // 7.24
  COPY_FILE_RANGE: 47, // 7.28
  SETUPMAPPING: 48, // 7.31
  REMOVEMAPPING: 49, // 7.31
  SYNCFS: 50, // 7.34
  TMPFILE: 51, // 7.37
  STATX: 52, // 7.39
  COPY_FILE_RANGE_64: 53, // 7.45
} as const;

/** `enum fuse_notify_code`: what a server sends of its own accord, in the error field of a header with unique 0. */
export const NotifyCode = {
  INVAL_INODE: 2, // FUSE_NOTIFY_INVAL_INODE, 7.12
  INVAL_ENTRY: 3, // FUSE_NOTIFY_INVAL_ENTRY, 7.12
} as const;

/** The kernel's name of an opcode, without its prefix. */
export function opcodeName(opcode: number): string {
  return opcodeNames.get(opcode) ?? `opcode ${opcode}`;
}

const opcodeNames: ReadonlyMap<number, string> = new Map(
  Object.entries(Opcode).map(([name, opcode]) => [opcode, name]),
);

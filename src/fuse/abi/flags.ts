/** Flag sets of `linux/fuse.h`; the comment tells the protocol minor that brought a flag. */

/** INIT flags, bits 0–31 (`fuse_init_in.flags`, `fuse_init_out.flags`). */
export const InitFlag = {
  ASYNC_READ: 1 << 0, // 7.6
  POSIX_LOCKS: 1 << 1, // 7.7
  FILE_OPS: 1 << 2, // 7.9
  ATOMIC_O_TRUNC: 1 << 3, // 7.9
  EXPORT_SUPPORT: 1 << 4, // 7.10
  BIG_WRITES: 1 << 5, // 7.9
  DONT_MASK: 1 << 6, // 7.12
  SPLICE_WRITE: 1 << 7, // 7.20
  SPLICE_MOVE: 1 << 8, // 7.20
  SPLICE_READ: 1 << 9, // 7.20
  FLOCK_LOCKS: 1 << 10, // 7.17
  HAS_IOCTL_DIR: 1 << 11, // 7.20
  AUTO_INVAL_DATA: 1 << 12, // 7.20
  DO_READDIRPLUS: 1 << 13, // 7.21
  READDIRPLUS_AUTO: 1 << 14, // 7.21
  ASYNC_DIO: 1 << 15, // 7.22
  WRITEBACK_CACHE: 1 << 16, // 7.23
  NO_OPEN_SUPPORT: 1 << 17, // 7.23
  PARALLEL_DIROPS: 1 << 18, // 7.25
  HANDLE_KILLPRIV: 1 << 19, // 7.26
  POSIX_ACL: 1 << 20, // 7.26
  ABORT_ERROR: 1 << 21, // 7.27
  MAX_PAGES: 1 << 22, // 7.28
  CACHE_SYMLINKS: 1 << 23, // 7.28
  NO_OPENDIR_SUPPORT: 1 << 24, // 7.29
  EXPLICIT_INVAL_DATA: 1 << 25, // 7.30
  MAP_ALIGNMENT: 1 << 26, // 7.31
  SUBMOUNTS: 1 << 27, // 7.32
  HANDLE_KILLPRIV_V2: 1 << 28, // 7.33
  SETXATTR_EXT: 1 << 29, // 7.33
  INIT_EXT: 1 << 30, // 7.36: flags2 is there
} as const;

/** INIT flags, bits 32–63 shifted down by 32 (`flags2`, 7.36). */
export const InitFlag2 = {
  SECURITY_CTX: 1 << 0, // 7.36
  HAS_INODE_DAX: 1 << 1, // 7.36
  CREATE_SUPP_GROUP: 1 << 2, // 7.38
  HAS_EXPIRE_ONLY: 1 << 3, // 7.38
  DIRECT_IO_ALLOW_MMAP: 1 << 4, // 7.39
  PASSTHROUGH: 1 << 5, // 7.40
  NO_EXPORT_SUPPORT: 1 << 6, // 7.40
  HAS_RESEND: 1 << 7, // 7.40
  ALLOW_IDMAP: 1 << 8, // 7.41
  OVER_IO_URING: 1 << 9, // 7.42
  REQUEST_TIMEOUT: 1 << 10, // 7.43
} as const;

/** What OPEN, OPENDIR and CREATE answer (`fuse_open_out.open_flags`). */
export const OpenReplyFlag = {
  DIRECT_IO: 1 << 0, // FOPEN_DIRECT_IO: reads pass the page cache by
  KEEP_CACHE: 1 << 1, // FOPEN_KEEP_CACHE: pages of earlier opens stay valid
  NONSEEKABLE: 1 << 2, // FOPEN_NONSEEKABLE, 7.10
  CACHE_DIR: 1 << 3, // FOPEN_CACHE_DIR, 7.28: the kernel may keep the listing
  STREAM: 1 << 4, // FOPEN_STREAM, 7.31
  NOFLUSH: 1 << 5, // FOPEN_NOFLUSH, 7.35: close sends no FLUSH
  PARALLEL_DIRECT_WRITES: 1 << 6, // FOPEN_PARALLEL_DIRECT_WRITES, 7.38
  PASSTHROUGH: 1 << 7, // FOPEN_PASSTHROUGH, 7.40: the kernel reads the backing file
} as const;

/** Which fields of SETATTR are meant (`fuse_setattr_in.valid`). */
export const SetAttributeFlag = {
  MODE: 1 << 0, // FATTR_MODE
  UID: 1 << 1, // FATTR_UID
  GID: 1 << 2, // FATTR_GID
  SIZE: 1 << 3, // FATTR_SIZE
  ATIME: 1 << 4, // FATTR_ATIME
  MTIME: 1 << 5, // FATTR_MTIME
  FH: 1 << 6, // FATTR_FH, 7.9
  ATIME_NOW: 1 << 7, // FATTR_ATIME_NOW, 7.9
  MTIME_NOW: 1 << 8, // FATTR_MTIME_NOW, 7.9
  LOCKOWNER: 1 << 9, // FATTR_LOCKOWNER, 7.9
  CTIME: 1 << 10, // FATTR_CTIME, 7.23
  KILL_SUIDGID: 1 << 11, // FATTR_KILL_SUIDGID, 7.33
} as const;

/** open(2) flags as the kernel sends them, from `asm-generic/fcntl.h`; x86 and arm64 agree on these. */
export const OpenFlag = {
  WRONLY: 0o1, // O_WRONLY
  RDWR: 0o2, // O_RDWR
  ACCMODE: 0o3, // O_ACCMODE
  CREAT: 0o100, // O_CREAT
  EXCL: 0o200, // O_EXCL
  TRUNC: 0o1000, // O_TRUNC
  APPEND: 0o2000, // O_APPEND
  NONBLOCK: 0o4000, // O_NONBLOCK
} as const;

/** `whence` of LSEEK, from `linux/fs.h`; SEEK_SET, SEEK_CUR and SEEK_END never get here. */
export const SeekWhence = {
  DATA: 3, // SEEK_DATA
  HOLE: 4, // SEEK_HOLE
} as const;

/** File type bits of `st_mode`, from `linux/stat.h`. */
export const FileType = {
  MASK: 0o170000, // S_IFMT
  SYMLINK: 0o120000, // S_IFLNK
  REGULAR: 0o100000, // S_IFREG
  DIRECTORY: 0o040000, // S_IFDIR
} as const;

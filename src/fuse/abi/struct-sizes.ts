/**
 * Sizes in bytes of the structs of `linux/fuse.h` (7.45), without the names and data that may follow them. All are of the
 * shape that 7.31 and later use.
 */
export const StructSize = {
  IN_HEADER: 40, // fuse_in_header
  OUT_HEADER: 16, // fuse_out_header
  ATTR: 88, // fuse_attr
  ENTRY_OUT: 128, // fuse_entry_out
  FORGET_IN: 8, // fuse_forget_in
  FORGET_ONE: 16, // fuse_forget_one
  BATCH_FORGET_IN: 8, // fuse_batch_forget_in
  GETATTR_IN: 16, // fuse_getattr_in
  ATTR_OUT: 104, // fuse_attr_out
  STATX_IN: 24, // fuse_statx_in
  STATX: 256, // fuse_statx
  STATX_OUT: 288, // fuse_statx_out
  MKNOD_IN: 16, // fuse_mknod_in
  MKDIR_IN: 8, // fuse_mkdir_in
  RENAME_IN: 8, // fuse_rename_in
  RENAME2_IN: 16, // fuse_rename2_in
  SETATTR_IN: 88, // fuse_setattr_in
  OPEN_IN: 8, // fuse_open_in
  CREATE_IN: 16, // fuse_create_in
  OPEN_OUT: 16, // fuse_open_out
  RELEASE_IN: 24, // fuse_release_in
  FLUSH_IN: 24, // fuse_flush_in
  READ_IN: 40, // fuse_read_in
  WRITE_IN: 40, // fuse_write_in
  WRITE_OUT: 8, // fuse_write_out
  STATFS_OUT: 80, // fuse_statfs_out
  FSYNC_IN: 16, // fuse_fsync_in
  SETXATTR_IN: 8, // fuse_setxattr_in without FUSE_SETXATTR_EXT
  GETXATTR_IN: 8, // fuse_getxattr_in
  GETXATTR_OUT: 8, // fuse_getxattr_out
  ACCESS_IN: 8, // fuse_access_in
  INIT_IN_SHORT: 16, // fuse_init_in before 7.36
  INIT_IN: 64, // fuse_init_in
  INIT_OUT: 64, // fuse_init_out
  INTERRUPT_IN: 8, // fuse_interrupt_in
  LSEEK_IN: 24, // fuse_lseek_in
  LSEEK_OUT: 8, // fuse_lseek_out
  DIRENT: 24, // fuse_dirent
  NOTIFY_INVAL_INODE_OUT: 24, // fuse_notify_inval_inode_out
  NOTIFY_INVAL_ENTRY_OUT: 16, // fuse_notify_inval_entry_out
} as const;

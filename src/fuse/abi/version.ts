/**
 * The protocol version, as in `linux/fuse.h`. Within major 7 both sides speak the smaller minor.
 *
 * 7.31 (Linux 5.4) is the oldest kernel that is served: every request before it has another shape somewhere. 7.45 is the
 * newest whose header was read for this code; declaring it obliges to nothing that INIT flags do not ask for.
 */
export const ProtocolVersion = {
  MAJOR: 7, // FUSE_KERNEL_VERSION
  MINOR_OLDEST: 31,
  MINOR_NEWEST: 45, // FUSE_KERNEL_MINOR_VERSION
} as const;

/** What is in the mount and belongs to no torrent: made by whoever knows its content, served by {@link VirtualTree}. */
export type VirtualNode = VirtualDirectory | VirtualFile;

export interface VirtualDirectory {
  readonly kind: 'directory';
  lookup(name: string): VirtualNode | undefined;
  /** The names that a listing shows. */
  list(): readonly string[];
}

export interface VirtualFile {
  readonly kind: 'file';
  /** Permission bits. */
  readonly permissions: number;
  /** Bytes; 0 where they are made at open, as in /proc: with direct I/O the kernel reads until there is no more. */
  readonly size: number;
  /** @param flags of open(2) */
  open(flags: number, signal: AbortSignal): VirtualHandle | Promise<VirtualHandle>;
  /** Absent: the size cannot be changed. */
  truncate?(size: number): void;
}

/** An open file. What has no method is refused. */
export interface VirtualHandle {
  read?(offset: number, size: number): Uint8Array;
  write?(offset: number, data: Uint8Array): void;
  /** One descriptor of it was closed. */
  flush?(): void;
  /** The last one was. */
  release?(): void;
}

/** A directory whose entries are known by name. */
export function staticDirectory(entries: Readonly<Record<string, VirtualNode | undefined>>): VirtualDirectory {
  const present = new Map(
    Object.entries(entries).flatMap(([name, node]) => (node === undefined ? [] : [[name, node]])),
  );
  return { kind: 'directory', lookup: name => present.get(name), list: () => [...present.keys()] };
}

/** A read-only file whose content is made when it is opened, and stays as it was then for as long as it is open. */
export function snapshotFile(
  make: (signal: AbortSignal) => string | Uint8Array | Promise<string | Uint8Array>,
): VirtualFile {
  return {
    kind: 'file',
    permissions: 0o444,
    size: 0,
    async open(_, signal) {
      const made = await make(signal);
      const content = typeof made === 'string' ? Buffer.from(made) : made;
      return { read: (offset, size) => content.subarray(offset, offset + size) };
    },
  };
}

import type { Catalog } from '../catalog/catalog.ts';
import { Errno } from '../fuse/abi/errno.ts';
import { ErrnoError, type RenameRequest, ROOT_NODE } from '../fuse/filesystem.ts';
import type { Control } from './control.ts';
import type { DroppedFiles } from './dropped-files.ts';
import { sanitizeName } from './entry-names.ts';
import { refusals } from './refusals.ts';
import type { TorrentRoot } from './torrent-root.ts';

export interface RootChangesOptions {
  readonly catalog: Catalog;
  readonly root: TorrentRoot;
  readonly dropped: DroppedFiles;
  readonly control: Control;
}

/** `rm`, `rmdir` and `mv` of entries in the root. Everything is over when a method returns; the engine is told afterwards. */
export class RootChanges {
  readonly #options: RootChangesOptions;

  constructor(options: RootChangesOptions) {
    this.#options = options;
  }

  /** Forgets a torrent, or takes back a file that is being dropped. The data is kept. */
  remove(name: string): void {
    const { root, dropped, control } = this.#options;
    const torrent = root.byName(name);
    if (torrent !== undefined) control.remove(torrent.infoHash, { deleteData: false });
    else if (!dropped.remove(name)) throw root.isTaken(name) ? refusals.readOnly : refusals.notFound;
  }

  /** In the mount only. */
  rename(request: RenameRequest): void {
    const { catalog, root, dropped } = this.#options;
    if (request.parent !== ROOT_NODE || request.newParent !== ROOT_NODE) throw refusals.readOnly;
    if ((request.flags & ~RENAME_NOREPLACE) !== 0) throw noExchange;
    const torrent = root.byName(textOf(request.name));
    const newName = textOf(request.newName);
    if (torrent === undefined) {
      if (root.isTaken(newName)) throw exists;
      if (!dropped.rename(textOf(request.name), newName)) throw refusals.notFound;
      return;
    }
    if (newName === torrent.name) return;
    if (sanitizeName(newName) !== newName || !Buffer.from(newName).equals(request.newName)) throw badName;
    // To replace the other would be to forget it.
    if (root.isTaken(newName)) throw exists;
    catalog.rename(torrent.infoHash, newName);
  }
}

/** `linux/fs.h` */
const RENAME_NOREPLACE = 1;

const noExchange = new ErrnoError(Errno.EINVAL, 'entries cannot be exchanged');
const badName = new ErrnoError(Errno.EINVAL, 'a name is UTF-8 without control characters');
const exists = new ErrnoError(Errno.EEXIST, 'there is an entry of that name');

export function textOf(name: Uint8Array): string {
  return Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString();
}

import { createHash } from 'node:crypto';
import type { TorrentFile } from '../torrent.ts';

/**
 * Where each file of a torrent lies on disk, relative to the torrent's payload folder: safe, unique, and the same for the
 * same file list for ever, because a restart looks for the data there. Undefined for what is not on disk: padding and
 * symlinks.
 *
 * Components keep their name where they can. Two names that some filesystem could take for one (equal after NFC and case
 * folding, or a file where a folder must be) are told apart by `~` and the file's index.
 */
export function payloadPaths(files: readonly TorrentFile[]): readonly (string | undefined)[] {
  const root = new Folder();
  return files.map(file => {
    if (file.padding || file.symlinkTarget !== undefined) return undefined;
    return placeIn(root, isLong(file.path) ? [LONG_PATHS, String(file.index)] : file.path, file.index);
  });
}

/** Linux takes 4,096 bytes for a path in all; what the data directory leaves of it must suffice. */
const LONGEST_PATH_BYTES = 2048;
const LONG_PATHS = '~long-paths';
const LONGEST_NAME_BYTES = 255;

function isLong(path: readonly string[]): boolean {
  return path.reduce((sum, component) => sum + 1 + Buffer.byteLength(component), 0) > LONGEST_PATH_BYTES;
}

function placeIn(root: Folder, path: readonly string[], index: number): string {
  const placed: string[] = [];
  let folder = root;
  for (const component of path.slice(0, -1)) {
    const child = folder.child(component, index);
    placed.push(child.name);
    folder = child.folder;
  }
  placed.push(folder.uniqueName(path.at(-1) ?? '', index));
  return placed.join('/');
}

class Folder {
  /** By the torrent's own name, so that files that share a folder there share it here. */
  readonly #children = new Map<string, { readonly name: string; readonly folder: Folder }>();
  readonly #taken = new Set<string>();

  child(component: string, index: number): { readonly name: string; readonly folder: Folder } {
    const known = this.#children.get(component);
    if (known !== undefined) return known;
    const child = { name: this.uniqueName(component, index), folder: new Folder() };
    this.#children.set(component, child);
    return child;
  }

  uniqueName(component: string, index: number): string {
    const safe = safeName(component);
    let name = safe;
    for (let attempt = 0; this.#taken.has(foldedName(name)); attempt++) {
      name = shortened(`${safe}~${index}${attempt === 0 ? '' : `.${attempt}`}`);
    }
    this.#taken.add(foldedName(name));
    return name;
  }
}

function safeName(component: string): string {
  // What is no Unicode becomes what it would be on disk anyway, so that it is compared as that.
  const name = Buffer.from(component)
    .toString()
    .replace(/[/\p{Cc}]/gu, '_');
  if (name === '' || name === '.' || name === '..') return `_${name}`;
  return shortened(name);
}

/** Keeps the head, so that people recognise it, and a hash of the whole, so that it stays unlike its neighbours. */
function shortened(name: string): string {
  if (Buffer.byteLength(name) <= LONGEST_NAME_BYTES) return name;
  const tail = `~${createHash('sha1').update(name).digest('hex').slice(0, 16)}`;
  let head = '';
  let bytes = tail.length;
  for (const character of name) {
    bytes += Buffer.byteLength(character);
    if (bytes > LONGEST_NAME_BYTES) break;
    head += character;
  }
  return head + tail;
}

function foldedName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

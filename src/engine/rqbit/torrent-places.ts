import type { InfoHash } from '../torrent.ts';

/** What decides where rqbit lays a torrent out. */
export interface TorrentLayout {
  /** Empty where the torrent gives none. */
  readonly name: string;
  /** Components of the path of its only file, padding included; undefined where it has several. */
  readonly onlyPath: readonly string[] | undefined;
}

/**
 * Who writes where on the server's disk. rqbit lets two torrents write to one file, believes what it verified before the other
 * overwrote it, and streams that with 206. So what is added goes where no other torrent of the mount's time was, and what
 * shares its place is read with distrust.
 */
export class TorrentPlaces {
  /** Places of all torrents that were ever listed: one that was forgotten keeps its data. */
  readonly #known = new Map<InfoHash, string>();
  /** By the last component of their place: thousands may be added one after another. */
  readonly #byEntry = new Map<string, Set<InfoHash>>();
  readonly #ownFolders = new Set<InfoHash>();
  #shared: ReadonlySet<InfoHash> = new Set();

  /**
   * The folder below the server's own to add the torrent in; undefined for where rqbit puts it by itself, and finds it again. The
   * same for as long as the mount lasts.
   */
  ownFolder(infoHash: InfoHash, layout: TorrentLayout): string | undefined {
    if (!this.#ownFolders.has(infoHash) && !this.#wouldMeet(infoHash, layout)) return undefined;
    this.#ownFolders.add(infoHash);
    return infoHash;
  }

  /** The torrent was added there. */
  note(infoHash: InfoHash, place: string): void {
    if (this.#known.get(infoHash) === place) return;
    this.forget(infoHash);
    this.#known.set(infoHash, place);
    const sharers = this.#byEntry.get(entryOf(place));
    if (sharers === undefined) this.#byEntry.set(entryOf(place), new Set([infoHash]));
    else sharers.add(infoHash);
  }

  /** Its data is deleted. */
  forget(infoHash: InfoHash): void {
    const place = this.#known.get(infoHash);
    if (place === undefined) return;
    this.#known.delete(infoHash);
    const sharers = this.#byEntry.get(entryOf(place));
    sharers?.delete(infoHash);
    if (sharers?.size === 0) this.#byEntry.delete(entryOf(place));
  }

  /** @param places of all torrents that the server has now. @returns those that share theirs since this call */
  update(places: ReadonlyMap<InfoHash, string>): readonly InfoHash[] {
    const holders = new Map<string, InfoHash[]>();
    for (const [infoHash, place] of places) {
      this.note(infoHash, place);
      const sharers = holders.get(place);
      if (sharers === undefined) holders.set(place, [infoHash]);
      else sharers.push(infoHash);
    }
    const before = this.#shared;
    this.#shared = new Set([...holders.values()].filter(({ length }) => length > 1).flat());
    return [...this.#shared].filter(infoHash => !before.has(infoHash));
  }

  /** Whether another torrent may have written over its files. */
  isShared(infoHash: InfoHash): boolean {
    return this.#shared.has(infoHash);
  }

  #wouldMeet(infoHash: InfoHash, { name, onlyPath }: TorrentLayout): boolean {
    // rqbit makes up a name, the same for all of them or that of a file.
    if (name === '') return true;
    const entry = `/${onlyPath === undefined ? name : onlyPath[0]}`;
    for (const other of this.#byEntry.get(entryOf(entry)) ?? []) {
      const place = this.#known.get(other) ?? '';
      const isApart = other === infoHash || `${place}/`.includes(`/${other}/`);
      if (!isApart && place.endsWith(entry)) return true;
    }
    return false;
  }
}

/**
 * What the torrent has for itself if nobody else has it: its folder, or the one entry that it makes in a folder of all, for
 * torrents with one file have no folder of their own there, whatever their form.
 *
 * @param folder rqbit's `output_folder`
 */
export function placeOf(folder: string, onlyPath: readonly string[] | undefined): string {
  const trimmed = folder.replace(/\/+$/, '');
  return onlyPath === undefined ? trimmed : `${trimmed}/${onlyPath[0]}`;
}

function entryOf(place: string): string {
  return place.slice(place.lastIndexOf('/') + 1);
}

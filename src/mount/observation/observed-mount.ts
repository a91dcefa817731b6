import { parseSourceText, parseTorrentBytes } from '../../catalog/source-parser.ts';
import { type InfoHash, parseInfoHash } from '../../engine/index.ts';
import type { Control } from '../../fs/control.ts';
import { policyAt } from '../../fs/read-policy.ts';
import type { MountedTorrent } from '../../fs/torrent-root.ts';
import { Errno, ErrnoError } from '../../fuse/index.ts';
import { type Explanation, explain } from '../../observe/explain.ts';
import { piecesOfRuns } from '../../observe/file-pieces.ts';
import type { MountChanges, MountView, Readiness } from '../../observe/http/mount-view.ts';
import { Metrics } from '../../observe/metrics/metrics.ts';
import { type Needs, neededPieces } from '../../observe/needed-pieces.ts';
import type { FileFigures, FileKey, FilePieces, HolderFigures, MountSnapshot } from '../../observe/snapshot.ts';
import { timeoutSignal } from '../../util/timeout-signal.ts';
import { FilePlaces, filePieces } from './file-places.ts';
import type { ObservedParts } from './observed-parts.ts';
import { engineFailure, takeSnapshot } from './take-snapshot.ts';

/** A mount as metrics, dashboard and explanations see it. Holds nothing but what it was given. */
export class ObservedMount implements MountView {
  readonly changes: MountChanges | undefined;
  readonly #parts: ObservedParts;
  readonly #places = new FilePlaces();
  readonly #metrics = new Metrics(() => this.snapshot());

  /** @param control undefined on a mount that refuses changes */
  constructor(parts: ObservedParts, control: Control | undefined) {
    this.#parts = parts;
    this.changes = control && mountChanges(parts, control);
  }

  snapshot(): MountSnapshot {
    return takeSnapshot(this.#parts, this.#places);
  }

  async metrics(): Promise<{ text: string; contentType: string }> {
    return { text: await this.#metrics.text(), contentType: this.#metrics.contentType };
  }

  async readiness(): Promise<Readiness> {
    const isServed = this.#parts.fuse() !== undefined;
    const failure = engineFailure(this.#parts);
    const engine = this.#parts.catalog.engineAnswers ? 'answers' : (failure?.message ?? 'was not asked yet');
    return { ready: isServed && engine === 'answers', mount: isServed ? 'answers' : 'is not there yet', engine };
  }

  async files(infoHash: string): Promise<readonly FileFigures[] | undefined> {
    const mounted = this.#mounted(infoHash);
    if (mounted !== undefined) return this.#places.filesOf(mounted);
    return this.#torrent(infoHash) && [];
  }

  async pieces({ infoHash, fileIndex }: FileKey, signal: AbortSignal): Promise<FilePieces | undefined> {
    const mounted = this.#mounted(infoHash);
    return mounted && this.#piecesOf(mounted, fileIndex, signal);
  }

  /** @param path of a file, a directory, or a torrent that has no entry yet */
  async explain(path: string, signal: AbortSignal): Promise<Explanation | undefined> {
    const [name = '', ...inside] = path.split('/').filter(component => component !== '');
    const mounted = this.#parts.root.byName(name);
    const node = mounted?.tree.resolve(inside);
    if (mounted !== undefined && node === undefined) return undefined;
    const snapshot = this.snapshot();
    const torrent = snapshot.torrents.find(each => each.infoHash === mounted?.infoHash || each.name === name);
    if (torrent === undefined) return undefined;
    const fileIndex = node === undefined ? undefined : mounted?.tree.fileIndex(node);
    const isAsked = (key: FileKey) =>
      key.infoHash === torrent.infoHash && (fileIndex === undefined || key.fileIndex === fileIndex);
    const needs = {
      pieces: mounted && fileIndex !== undefined ? await this.#piecesOf(mounted, fileIndex, signal) : undefined,
      lastRead: this.#lastRead(isAsked),
      waiting: snapshot.reads.waiting.filter(isAsked),
    };
    return explain({
      ...needs,
      atMs: snapshot.atMs,
      path,
      torrent,
      engine: snapshot.engine,
      openFiles: snapshot.reads.openFiles.filter(isAsked),
      policy: policyAt({ infoHash: parseInfoHash(torrent.infoHash) ?? null, path: inside }, this.#parts),
      holders: await this.#holders(torrent.infoHash, needs, signal),
      isLocal: await this.#isLocal(torrent.infoHash, fileIndex, signal),
      errors: this.#errorsOf(torrent.name, torrent.infoHash),
    });
  }

  async #piecesOf(mounted: MountedTorrent, fileIndex: number, signal: AbortSignal): Promise<FilePieces | undefined> {
    const { catalog, pieces } = this.#parts;
    const path = this.#places.pathOf(mounted, fileIndex);
    const details = catalog.get(mounted.infoHash)?.details;
    if (path === undefined || details === undefined) return undefined;
    const held = await pieces.current(mounted.infoHash, signal).catch(() => nothingHeld);
    return filePieces({ details, fileIndex, path }, held);
  }

  #lastRead(isAsked: (file: FileKey) => boolean) {
    const read = this.#parts.reader.snapshot().find(({ file, lastRead }) => lastRead && isAsked(file))?.lastRead;
    return read && { start: read.offset, endExclusive: read.offset + read.length };
  }

  async #holders(infoHash: string, needs: Needs, signal: AbortSignal): Promise<HolderFigures | undefined> {
    const id = parseInfoHash(infoHash);
    const missing = neededPieces(needs)?.missing ?? [];
    const first = needs.pieces?.firstPiece ?? 0;
    const pieces = piecesOfRuns(missing, mostAskedPieces).map(piece => first + piece);
    if (id === undefined || pieces.length === 0) return undefined;
    const bounded = AbortSignal.any([signal, timeoutSignal(patienceMs)]);
    return this.#parts.engine.holders?.(id, pieces, { signal: bounded }).catch(() => undefined);
  }

  async #isLocal(infoHash: string, fileIndex: number | undefined, signal: AbortSignal): Promise<boolean> {
    const id = parseInfoHash(infoHash);
    if (id === undefined || fileIndex === undefined) return false;
    const bounded = AbortSignal.any([signal, timeoutSignal(patienceMs)]);
    const file = await this.#parts.engine
      .localFile({ infoHash: id, fileIndex }, { signal: bounded })
      .catch(() => undefined);
    return file !== undefined;
  }

  #errorsOf(name: string, infoHash: string): string[] {
    const failures = this.#parts.catalog
      .failures()
      .filter(each => each.name === name || each.source.includes(infoHash));
    const own = this.#torrent(infoHash)?.lastError?.message;
    const messages = failures.map(({ error }) => error.message).reverse();
    return [...new Set(own === undefined ? messages : [own, ...messages])];
  }

  #torrent(infoHash: string) {
    const parsed = parseInfoHash(infoHash);
    return parsed && this.#parts.catalog.get(parsed);
  }

  #mounted(infoHash: string): MountedTorrent | undefined {
    const parsed = parseInfoHash(infoHash);
    return parsed && this.#parts.root.byInfoHash(parsed);
  }
}

/** An explanation is for people who wait. */
const patienceMs = 500;

/** Whoever has so many of a file is worth asking for the rest. */
const mostAskedPieces = 10_000;

/** While the engine cannot say, nothing is known to be held. */
const nothingHeld = { has: () => false };

function mountChanges({ catalog }: ObservedParts, control: Control): MountChanges {
  const known = (infoHash: string): InfoHash | undefined => {
    const parsed = parseInfoHash(infoHash);
    return parsed && catalog.get(parsed) && parsed;
  };
  const change = (infoHash: string, apply: (known: InfoHash) => void) => {
    const found = known(infoHash);
    if (found !== undefined) apply(found);
    return found === undefined ? ('not-found' as const) : ('done' as const);
  };
  return {
    add(source) {
      const parsed = typeof source === 'string' ? parseSourceText(source) : parseTorrentBytes(source, 'the file');
      const added = catalog.add(parsed, { origin: 'dashboard', peers: [] });
      return { infoHash: 'infoHash' in added ? added.infoHash : undefined };
    },
    forget(infoHash) {
      try {
        return change(infoHash, found => control.remove(found, { deleteData: false }));
      } catch (error) {
        if (error instanceof ErrnoError && error.errno === Errno.EBUSY) return 'busy';
        throw error;
      }
    },
    pause: infoHash => change(infoHash, found => catalog.pause(found)),
    resume: infoHash => change(infoHash, found => catalog.resume(found)),
  };
}

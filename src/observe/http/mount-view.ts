import type { Explanation } from '../explain.ts';
import type { FileFigures, FileKey, FilePieces, MountSnapshot } from '../snapshot.ts';

/** What the HTTP server shows of a mount, and may change in it. Built by whoever builds the mount. */
export interface MountView {
  snapshot(): MountSnapshot;
  metrics(): Promise<{ readonly text: string; readonly contentType: string }>;
  /** Whether mount and engine answer; with what is the matter where they do not. */
  readiness(signal: AbortSignal): Promise<Readiness>;
  /** Undefined when there is no such torrent, empty while its metadata is not known. */
  files(infoHash: string, signal: AbortSignal): Promise<readonly FileFigures[] | undefined>;
  /** Undefined when there is no such file. */
  pieces(file: FileKey, signal: AbortSignal): Promise<FilePieces | undefined>;
  /** @param path relative to the mount point; undefined when it is not there */
  explain(path: string, signal: AbortSignal): Promise<Explanation | undefined>;
  /** Undefined on a mount that refuses changes. */
  readonly changes: MountChanges | undefined;
}

export interface Readiness {
  readonly ready: boolean;
  readonly mount: string;
  readonly engine: string;
}

/**
 * The same changes as through the filesystem, under the same rules. Failures are errors with a `code`, those of the engine
 * among them; `http-error.ts` gives each a status.
 */
export interface MountChanges {
  /**
   * Journals the torrent and returns at once.
   *
   * @param source magnet, info hash or URL as text, or the bytes of a .torrent file
   * @returns the info hash, which is not known yet for a URL
   */
  add(source: string | Uint8Array): { readonly infoHash: string | undefined };
  /** Takes the torrent off the list and keeps its data. */
  forget(infoHash: string): 'done' | 'not-found' | 'busy';
  pause(infoHash: string): 'done' | 'not-found';
  resume(infoHash: string): 'done' | 'not-found';
}

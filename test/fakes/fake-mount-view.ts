import { type Explanation, explain } from '../../src/observe/explain.ts';
import type { MountChanges, MountView, Readiness } from '../../src/observe/http/mount-view.ts';
import { Metrics } from '../../src/observe/metrics/metrics.ts';
import type { FileFigures, FileKey, FilePieces, MountSnapshot, TorrentFigures } from '../../src/observe/snapshot.ts';
import { mountSnapshot, torrentFigures } from './mount-snapshot.ts';

/** A mount whose torrents live in memory, with one file of as many pieces as the torrent has. */
export class FakeMountView implements MountView {
  readonly changes: MountChanges | undefined;
  readonly added: (string | Uint8Array)[] = [];
  /** What a snapshot shows beside the torrents. */
  shown: Partial<MountSnapshot> = {};
  torrents: TorrentFigures[] = [];
  ready: Readiness = { ready: true, mount: 'answers', engine: 'answers' };
  /** Info hashes of torrents that have a file open. */
  readonly busy = new Set<string>();
  /** Thrown by the next `add`. */
  addError: Error | undefined;
  /** How often a snapshot was taken. */
  snapshots = 0;
  readonly #bitfields = new Map<string, Uint8Array>();

  constructor({ readOnly = false } = {}) {
    if (readOnly) this.shown = { mount: { ...mountSnapshot().mount, readOnly } };
    else this.changes = this.#changes();
  }

  /** Which pieces of the torrent's file are held. */
  setBitfield(infoHash: string, bitfield: Uint8Array): void {
    this.#bitfields.set(infoHash, bitfield);
  }

  snapshot(): MountSnapshot {
    this.snapshots++;
    return mountSnapshot({ atMs: Date.now(), ...this.shown, torrents: this.torrents });
  }

  async metrics() {
    const metrics = new Metrics(() => this.snapshot());
    return { text: await metrics.text(), contentType: metrics.contentType };
  }

  async readiness(): Promise<Readiness> {
    return this.ready;
  }

  async files(infoHash: string): Promise<FileFigures[] | undefined> {
    const torrent = this.#find(infoHash);
    return torrent && [{ infoHash, fileIndex: 0, path: torrent.name, length: torrent.totalBytes }];
  }

  async pieces({ infoHash, fileIndex }: FileKey): Promise<FilePieces | undefined> {
    const torrent = this.#find(infoHash);
    if (torrent === undefined || fileIndex !== 0) return undefined;
    const pieceCount = torrent.pieceCount ?? 1;
    return {
      infoHash,
      fileIndex,
      path: torrent.name,
      length: torrent.totalBytes,
      pieceLength: Math.ceil(torrent.totalBytes / pieceCount),
      firstPiece: 0,
      leadBytes: 0,
      pieceCount,
      bitfield: this.#bitfields.get(infoHash) ?? new Uint8Array(Math.ceil(pieceCount / 8)),
    };
  }

  async explain(path: string): Promise<Explanation | undefined> {
    const torrent = this.torrents.find(({ name }) => name === path);
    if (torrent === undefined) return undefined;
    const { atMs, engine, reads } = this.snapshot();
    return explain({
      atMs,
      path,
      torrent,
      engine,
      pieces: await this.pieces({ infoHash: torrent.infoHash, fileIndex: 0 }),
      lastRead: undefined,
      openFiles: reads.openFiles,
      waiting: reads.waiting,
      policy: { whenMissing: 'wait', timeoutMs: 30_000 },
      isLocal: true,
      errors: [],
    });
  }

  #find(infoHash: string): TorrentFigures | undefined {
    return this.torrents.find(torrent => torrent.infoHash === infoHash);
  }

  #changes(): MountChanges {
    return {
      add: source => {
        if (this.addError) throw this.addError;
        this.added.push(source);
        const infoHash = this.added.length.toString(16).padStart(40, 'a');
        const name = typeof source === 'string' ? source.slice(0, 60) : `dropped file ${this.added.length}`;
        this.torrents.push(torrentFigures({ infoHash, name, state: 'resolving', progressBytes: 0 }));
        return { infoHash };
      },
      forget: infoHash => {
        if (this.busy.has(infoHash)) return 'busy';
        const before = this.torrents.length;
        this.torrents = this.torrents.filter(torrent => torrent.infoHash !== infoHash);
        return before === this.torrents.length ? 'not-found' : 'done';
      },
      pause: infoHash => this.#setState(infoHash, 'paused'),
      resume: infoHash => this.#setState(infoHash, 'idle'),
    };
  }

  #setState(infoHash: string, state: TorrentFigures['state']): 'done' | 'not-found' {
    if (this.#find(infoHash) === undefined) return 'not-found';
    this.torrents = this.torrents.map(torrent => (torrent.infoHash === infoHash ? { ...torrent, state } : torrent));
    return 'done';
  }
}

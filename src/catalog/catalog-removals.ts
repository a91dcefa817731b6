import type { Engine, EngineError, InfoHash } from '../engine/index.ts';
import type { CatalogEntry } from './catalog-entry.ts';
import type { CatalogModel } from './catalog-model.ts';
import type { EngineCommands } from './engine-commands.ts';

export interface CatalogRemovalsOptions {
  readonly model: CatalogModel;
  readonly engine: Pick<Engine, 'forget' | 'delete'>;
  readonly commands: EngineCommands;
  /** Resolves when the engine is not asked to add it any more. */
  cancelAdd(id: string): Promise<void>;
  /** The number of the poll that was asked last. */
  pollSequence(): number;
  /** The engine would not: the torrent is back in the mount. */
  onRestored(entry: CatalogEntry): void;
}

/** Torrents on their way out: gone from the mount at once, from the engine when it has heard of it. */
export class CatalogRemovals {
  readonly #options: CatalogRemovalsOptions;
  /** The last poll that may still list a torrent because it did not know better; infinite until the engine has been told. */
  readonly #outdatedUntil = new Map<InfoHash, number>();

  constructor(options: CatalogRemovalsOptions) {
    this.#options = options;
  }

  begin(infoHash: InfoHash, { deleteData, pendingId }: { deleteData: boolean; pendingId: string | undefined }): void {
    const { engine, commands, cancelAdd } = this.#options;
    this.#outdatedUntil.set(infoHash, Number.POSITIVE_INFINITY);
    commands.enqueue(infoHash, {
      kind: 'removal',
      run: async signal => {
        if (pendingId !== undefined) await cancelAdd(pendingId);
        await (deleteData ? engine.delete(infoHash, { signal }) : engine.forget(infoHash, { signal }));
      },
      onDone: () => this.#onDone(infoHash, deleteData),
      onFailed: error => this.#onFailed(infoHash, error),
    });
  }

  /** The torrent was added again. */
  end(infoHash: InfoHash): void {
    this.#outdatedUntil.delete(infoHash);
  }

  /** Whether what a poll tells of a torrent was true before its removal only. */
  isOutdated(infoHash: InfoHash, pollSequence: number): boolean {
    const until = this.#outdatedUntil.get(infoHash);
    if (until === undefined) return false;
    if (until >= pollSequence) return true;
    this.#outdatedUntil.delete(infoHash);
    return false;
  }

  #onDone(infoHash: InfoHash, deleteData: boolean): void {
    const { model, pollSequence } = this.#options;
    this.#outdatedUntil.set(infoHash, pollSequence());
    model.note({ type: 'removal-done', infoHash });
    if (deleteData) model.store.delete(infoHash);
  }

  #onFailed(infoHash: InfoHash, error: EngineError): void {
    const { model, onRestored } = this.#options;
    const removal = model.journal.state.removals.get(infoHash);
    this.end(infoHash);
    model.note({ type: 'restored', infoHash });
    model.report({ name: removal?.name ?? infoHash, source: infoHash, error });
    if (removal?.torrent === undefined) return;
    const entry = model.enter(infoHash, removal.torrent);
    if (entry.hasMetadata) model.appear(entry, removal.torrent.name);
    onRestored(entry);
  }
}

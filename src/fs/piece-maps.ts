import type { Engine, InfoHash, PieceMap } from '../engine/index.ts';
import { timeoutSignal } from '../util/timeout-signal.ts';

/**
 * The piece maps of torrents for whoever asks what is held, with a limit on how long an answer may wait for the engine: after
 * that the last known map has to do.
 */
export class PieceMaps {
  readonly #engine: Pick<Engine, 'pieces'>;
  readonly #known = new Map<InfoHash, PieceMap>();

  constructor(engine: Pick<Engine, 'pieces'>) {
    this.#engine = engine;
  }

  /** As fresh as the engine can tell in time. @throws EngineError, TimeoutError when nothing is known; the signal's reason */
  async current(infoHash: InfoHash, signal: AbortSignal): Promise<PieceMap> {
    const known = this.#known.get(infoHash);
    const bounded = AbortSignal.any([signal, timeoutSignal(PATIENCE_MS)]);
    try {
      const map = await this.#engine.pieces(infoHash, { signal: bounded });
      this.#known.set(infoHash, map);
      await map.refresh({ signal: bounded });
      return map;
    } catch (error) {
      if (known === undefined || signal.aborted) throw error;
      return known;
    }
  }

  /** Without asking anybody. */
  lastKnown(infoHash: InfoHash): PieceMap | undefined {
    return this.#known.get(infoHash);
  }

  forget(infoHash: InfoHash): void {
    this.#known.delete(infoHash);
  }
}

/** Enough for a loaded server; `getfattr -R` over a dead one must still end some time. */
const PATIENCE_MS = 1000;

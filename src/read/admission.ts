import type { InfoHash } from '../engine/index.ts';
import { ReadError } from './errors.ts';

export interface AdmissionLimits {
  readonly perTorrent: number;
  readonly total: number;
}

/**
 * Well over what a machine full of players and scanners can have waiting, and little enough that what each holds (a promise, a
 * few small objects, maybe a stream of the engine) is no burden.
 */
export const defaultAdmissionLimits: AdmissionLimits = { perTorrent: 1024, total: 4096 };

/** Counts the reads that wait for bytes. One dead torrent can use up its own share, never that of the others. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #waiting: Map<InfoHash, number> = new Map();
  #total = 0;
  #refused = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  /** Reads that were turned away since the start. */
  get refused(): number {
    return this.#refused;
  }

  waiting(infoHash: InfoHash): number {
    return this.#waiting.get(infoHash) ?? 0;
  }

  /**
   * @returns leaves again; to be called once, in a `finally`
   * @throws ReadError `too-many-waiters`
   */
  enter(infoHash: InfoHash): () => void {
    const waiting = this.waiting(infoHash);
    if (waiting >= this.#limits.perTorrent || this.#total >= this.#limits.total) {
      this.#refused++;
      throw new ReadError('too-many-waiters', `${waiting} reads wait for this torrent and ${this.#total} in all`);
    }
    this.#waiting.set(infoHash, waiting + 1);
    this.#total++;
    return () => this.#leave(infoHash);
  }

  #leave(infoHash: InfoHash): void {
    const waiting = this.waiting(infoHash) - 1;
    if (waiting > 0) this.#waiting.set(infoHash, waiting);
    else this.#waiting.delete(infoHash);
    this.#total--;
  }
}

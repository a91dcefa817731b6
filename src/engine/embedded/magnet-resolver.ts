import { abortable } from '../../util/abortable.ts';
import { infoHashOf, parseMetainfo } from '../metainfo.ts';
import type { InfoHash } from '../torrent.ts';
import { diskError } from './disk-error.ts';
import { writeMetainfo } from './metainfo-writer.ts';
import type { SwarmMembership, Swarms } from './swarm-member.ts';

export interface MagnetResolverComponents {
  readonly infoHash: InfoHash;
  readonly trackers: readonly string[];
  /** Dialled for every torrent. */
  readonly peers: readonly string[];
  readonly swarm: Swarms;
  /** The metadata is known; the member has connections to go on with. */
  readonly onResolved: (
    metainfo: Uint8Array,
    found: { peers: readonly string[]; member: SwarmMembership | undefined },
  ) => void;
  readonly onGivenUp: () => void;
}

/**
 * Waits in a swarm for a peer that has the metadata (BEP 9). Those who wait for one info hash share it; when the last of them
 * is gone, so is it. The metadata's size is capped at 10 MB by webtorrent before anything is allocated.
 */
export class MagnetResolver {
  readonly resolved: Promise<void>;
  readonly #components: MagnetResolverComponents;
  readonly #member: SwarmMembership;
  readonly #peers = new Set<string>();
  #waiting = 0;
  #isOver = false;
  #dialledAtMs = performance.now();
  #settle: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;

  constructor(components: MagnetResolverComponents) {
    this.#components = components;
    const { infoHash, trackers, peers, swarm } = components;
    this.resolved = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.resolved.catch(() => {}); // whoever waits hears of it
    this.#member = swarm.join({
      infoHash,
      trackers,
      peers,
      content: undefined,
      events: {
        onInfo: infoBytes => this.learn(infoBytes),
        onError: error => void this.giveUp(error),
      },
    });
  }

  /** Waits until the metadata is known, with these peers beside the others. Rejects with the signal's reason. */
  async wait(peers: readonly string[], signal: AbortSignal): Promise<void> {
    for (const peer of peers) this.#peers.add(peer);
    this.#member.dial(peers);
    this.#waiting++;
    try {
      await abortable(this.resolved, signal);
    } finally {
      this.#waiting--;
      if (this.#waiting === 0 && signal.aborted) void this.giveUp(signal.reason);
    }
  }

  /** Takes the metadata from wherever it came. What is no torrent that we can take ends the wait. */
  learn(infoBytes: Uint8Array): void {
    if (this.#isOver || infoHashOf(infoBytes) !== this.#components.infoHash) return;
    try {
      const metainfo = writeMetainfo(infoBytes, this.#components.trackers);
      parseMetainfo(metainfo);
      this.#isOver = true;
      this.#components.onResolved(metainfo, { peers: [...this.#peers], member: this.#member });
      this.#settle?.resolve();
    } catch (error) {
      this.#isOver = false;
      void this.giveUp(diskError(error));
    }
  }

  /** Ends the wait of all who share it. */
  async giveUp(reason: Error): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#components.onGivenUp();
    this.#settle?.reject(reason);
    await this.#member.leave();
  }

  tick(): void {
    if (performance.now() - this.#dialledAtMs < REDIAL_INTERVAL_MS) return;
    this.#dialledAtMs = performance.now();
    this.#member.redial();
  }
}

/** Somebody waits for the tree to appear. */
const REDIAL_INTERVAL_MS = 10_000;

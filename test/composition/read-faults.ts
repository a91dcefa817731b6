import { EngineError } from '../../src/engine/index.ts';
import { Errno } from '../../src/fuse/abi/errno.ts';
import type { FakeClock } from '../fakes/fake-clock.ts';
import type { FakeEngine } from '../fakes/fake-engine.ts';
import type { FakeTorrent } from '../fakes/fake-torrent.ts';
import type { Random } from '../fixtures/random.ts';

/** A READ that is under way, or is over. */
export interface ReadUnderWay {
  readonly torrent: FakeTorrent;
  readonly fileIndex: number;
  readonly offset: number;
  /** Over 0: it is within the file. */
  readonly length: number;
  readonly nonBlocking: boolean;
  readonly since: Moment;
  isInterrupted: boolean;
  isReleased: boolean;
}

interface Moment {
  /** How many disturbances there had been. */
  readonly disturbances: number;
  readonly atMs: number;
  /** Whether every piece of the read was held. */
  readonly wasHeld: boolean;
}

export interface ReadFaultsParts {
  readonly engine: FakeEngine;
  readonly clock: FakeClock;
  readonly random: Random;
  /** Whether there is no room, or was none a moment ago, for more blocks that are whole in part. */
  readonly isCrowded: () => boolean;
}

/** How long reads wait, by the policy of the mount. */
const TIMEOUT_MS = 30_000;
/** For so long a read that must not wait may go to a disk, or to an engine that holds the bytes. */
const PROMPT_MS = 2_000;

/** Disturbs the engine under a mount at random, and knows which errors a reader may see for it. */
export class ReadFaults {
  readonly #engine: FakeEngine;
  readonly #clock: FakeClock;
  readonly #random: Random;
  readonly #isCrowded: () => boolean;
  readonly #stalls: { lift(): void }[] = [];
  #disturbances = 0;
  /** Of each torrent, the disturbance after which it was live again, or lacked no piece that it had before. */
  readonly #pausedUntil: Map<FakeTorrent, number> = new Map();
  readonly #lostAt: Map<FakeTorrent, number> = new Map();
  readonly #diskErrors: { readonly at: number; readonly torrent: FakeTorrent; readonly piece: number }[] = [];
  #hidesPieces = false;

  constructor(parts: ReadFaultsParts) {
    const { engine, clock, random, isCrowded } = parts;
    this.#engine = engine;
    this.#clock = clock;
    this.#random = random;
    this.#isCrowded = isCrowded;
    engine.onFailure = (error, place) => {
      if (place === undefined || !(error instanceof EngineError) || error.code !== 'io') return;
      const torrent = engine.torrent(place.infoHash);
      const piece = torrent.pieceAt(place.fileIndex, place.offset);
      this.#diskErrors.push({ at: this.#disturbances, torrent, piece });
    };
  }

  now(read: Pick<ReadUnderWay, 'torrent' | 'fileIndex' | 'offset' | 'length'>): Moment {
    return { disturbances: this.#disturbances, atMs: this.#clock.now(), wasHeld: isHeld(read) };
  }

  disturb(torrent: FakeTorrent, fileIndex: number): void {
    this.#disturbances++;
    const random = this.#random;
    const id = { infoHash: torrent.infoHash, fileIndex };
    const offset = random.below(torrent.file(fileIndex).length);
    const busy = new EngineError('unavailable', 'busy');
    const disturbances: (() => void)[] = [
      () => this.#stalls.push(this.#engine.stallAt(id, offset)),
      () => this.#engine.cutAt(id, offset),
      () => this.#engine.cutAt(id, offset, new EngineError('io', 'the disk failed')),
      () => this.#engine.failCall('read', 1 + random.below(5), busy),
      () => this.#hidePieces(busy),
      () => this.#lose(torrent),
      () => torrent.withhold(...somePieces(torrent, random, 0.2)),
      () => torrent.hold(...somePieces(torrent, random, 0.2)),
      () => this.#setState(torrent, random.pick(['paused', 'live', 'initializing'])),
      () => {
        torrent.peers = random.below(2);
      },
      () => this.#clock.advance(random.pick([200, 1_500, 6_000])),
    ];
    random.pick(disturbances)();
  }

  /** Ends all trouble but what is still to break: then every read must end, without the help of its deadline. */
  end(torrents: readonly FakeTorrent[]): void {
    this.#disturbances++;
    for (const stall of this.#stalls.splice(0)) stall.lift();
    for (const torrent of torrents) {
      this.#setState(torrent, 'live');
      torrent.peers = 1;
      torrent.release(...piecesOf(torrent));
    }
  }

  /** Whether a read may have failed like this, considering what has happened since it began. */
  explain(errno: number, read: ReadUnderWay): boolean {
    const { torrent, since } = read;
    const elapsedMs = this.#clock.now() - since.atMs;
    switch (errno) {
      case Errno.EINTR:
        return read.isInterrupted;
      case Errno.EBADF:
        return read.isReleased;
      case Errno.ETIMEDOUT:
        return elapsedMs >= TIMEOUT_MS;
      case Errno.EAGAIN:
        return read.nonBlocking && (elapsedMs >= PROMPT_MS || this.#hidesPieces || !this.#wasHeldThroughout(read));
      case Errno.ENODATA:
        return torrent.state === 'paused' || (this.#pausedUntil.get(torrent) ?? -1) > since.disturbances;
      case Errno.EBUSY: // a block that got nothing for a while was given up in favour of others, with whoever waited for it
        return this.#isCrowded();
      case Errno.EIO:
        return this.#diskErrors.some(
          error => error.torrent === torrent && error.at >= since.disturbances && has(read, error.piece),
        );
      default:
        return false;
    }
  }

  #lose(torrent: FakeTorrent): void {
    torrent.lose(...somePieces(torrent, this.#random, 0.2));
    this.#lostAt.set(torrent, this.#disturbances);
  }

  #setState(torrent: FakeTorrent, state: 'paused' | 'live' | 'initializing'): void {
    if (torrent.state === 'paused') this.#pausedUntil.set(torrent, this.#disturbances);
    torrent.setState(state);
  }

  #hidePieces(error: EngineError): void {
    this.#hidesPieces = true;
    this.#engine.failCall('pieces', 1, error);
  }

  #wasHeldThroughout(read: ReadUnderWay): boolean {
    const { torrent, since } = read;
    return since.wasHeld && (this.#lostAt.get(torrent) ?? -1) <= since.disturbances;
  }
}

export function somePieces(torrent: FakeTorrent, random: Random, share: number): number[] {
  return piecesOf(torrent).filter(() => random.chance(share));
}

function piecesOf(torrent: FakeTorrent): number[] {
  return Array.from({ length: torrent.details.pieceCount }, (_, piece) => piece);
}

type Place = Pick<ReadUnderWay, 'torrent' | 'fileIndex' | 'offset' | 'length'>;

function isHeld(read: Place): boolean {
  const [first, last] = piecesOfRead(read);
  for (let piece = first; piece <= last; piece++) if (!read.torrent.has(piece)) return false;
  return true;
}

function has(read: Place, piece: number): boolean {
  const [first, last] = piecesOfRead(read);
  return first <= piece && piece <= last;
}

function piecesOfRead({ torrent, fileIndex, offset, length }: Place): [number, number] {
  return [torrent.pieceAt(fileIndex, offset), torrent.pieceAt(fileIndex, offset + length - 1)];
}

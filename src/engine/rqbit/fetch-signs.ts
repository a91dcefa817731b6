/**
 * What its torrent may fetch without a byte for a stream that waits before that is no sign of life for the stream any more. rqbit
 * puts what is streamed before all else, so by then each of eight streams at once could have had a piece of 16 MiB.
 */
const BELIEVED_BYTES = 2 ** 27;

/**
 * Signs of life of a stream that waits. rqbit tells only how much its torrent fetched, of any piece: a piece that nobody has
 * must not be waited for as long as the rest of the torrent is downloaded.
 */
export class FetchSigns {
  #count = 0;
  #first: number | undefined;
  #last: number | undefined;

  /** It only grows. */
  get count(): number {
    return this.#count;
  }

  /** @param fetchedBytes that the torrent fetched from peers so far; fewer than before when it began to count anew */
  observe(fetchedBytes: number): void {
    if (this.#first === undefined || fetchedBytes < this.#first) this.#first = fetchedBytes;
    const hasGrown = this.#last !== undefined && fetchedBytes > this.#last;
    if (hasGrown && fetchedBytes - this.#first <= BELIEVED_BYTES) this.#count++;
    this.#last = fetchedBytes;
  }

  /** The stream got a byte: what it waits for from now on is something else. */
  served(): void {
    this.#first = undefined;
    this.#last = undefined;
  }
}

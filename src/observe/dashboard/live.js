import { ApiError, getStatus } from './api.js';
import { events } from './messages.js';

/** Between attempts to come back; a browser's own attempts end for good when a server that starts answers with an error. */
const retryMs = 1000;

/**
 * The server-sent events, across restarts of the server: opened anew whenever they end, and when another file is watched.
 */
export class Live {
  /** @type {EventSource | undefined} */
  #source;
  /** @type {string | undefined} */
  #file;
  #retry = 0;
  #on;

  /**
   * @param {{
   *   event: (event: import('./messages.js').LiveEvent) => void,
   *   mismatch: (error: unknown) => void,
   *   state: (state: 'live' | 'reconnecting') => void,
   *   locked: () => void,
   * }} on
   */
  constructor(on) {
    this.#on = on;
  }

  /** Opens the stream, or opens it anew. */
  connect() {
    clearTimeout(this.#retry);
    this.#source?.close();
    const source = new EventSource(this.#file ? `/api/events?file=${this.#file}` : '/api/events');
    this.#source = source;
    source.onopen = () => this.#on.state('live');
    source.onerror = () => {
      source.close();
      this.#on.state('reconnecting');
      this.#retry = window.setTimeout(() => this.#comeBack(), retryMs);
    };
    for (const [name, read] of Object.entries(events)) {
      source.addEventListener(name, event => this.#tell(read, event.data));
    }
  }

  /**
   * @param {(value: unknown) => import('./messages.js').LiveEvent} read
   * @param {string} text
   */
  #tell(read, text) {
    let event;
    try {
      event = read(JSON.parse(text));
    } catch (error) {
      this.#on.mismatch(error);
      return;
    }
    this.#on.event(event);
  }

  /** @param {string | undefined} file as `<info hash>/<index>`, whose pieces are told of from now on */
  watch(file) {
    if (file === this.#file) return;
    this.#file = file;
    this.connect();
  }

  /** An event stream does not tell why it failed, a request does. */
  async #comeBack() {
    try {
      await getStatus();
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        this.#on.locked();
        return;
      }
      if (error instanceof ApiError && error.status === 0) {
        this.#retry = window.setTimeout(() => this.#comeBack(), retryMs);
        return;
      }
      // The file that was watched may be gone.
      this.#file = undefined;
    }
    this.connect();
  }
}

import { byId, make, setText } from './elements.js';
import { bytes, latency, speed } from './format.js';
import { noticeableWaits } from './readers-view.js';

/** The figures of this moment. */
export class Tiles {
  /** @type {Map<string, { value: HTMLElement, note: HTMLElement }>} */
  #values = new Map();

  constructor() {
    const holder = byId('tiles', HTMLElement);
    for (const [key, label] of Object.entries(labels)) {
      const value = make('p', { class: 'tile-value' }, '–');
      const note = make('p', { class: 'tile-note quiet' });
      this.#values.set(key, { value, note });
      holder.append(make('div', { class: 'tile' }, make('p', { class: 'tile-label quiet' }, label), value, note));
    }
  }

  /** @param {import('./messages.js').Status} status */
  showStatus(status) {
    const { torrents, open_files_total, cache } = status;
    const peers = sum(torrents, 'peers');
    this.#set('peers', String(peers), `${sum(torrents, 'peers_known')} known`);
    this.#set('down', speed(sum(torrents, 'download_speed')), `${bytes(sum(torrents, 'fetched_bytes'))} so far`);
    const waiting = noticeableWaits(status);
    this.#set('readers', String(open_files_total), waiting === 0 ? 'none waits' : `${waiting} waiting`);
    this.#values.get('readers')?.value.parentElement?.classList.toggle('alert', waiting > 0);
    this.#set('cache', bytes(cache.used_bytes), `of ${bytes(cache.capacity_bytes)}`);
  }

  /** @param {import('./messages.js').Sample} sample */
  showSample(sample) {
    this.#set(
      'read',
      speed(sample.read_speed),
      sample.latency_p99 === null ? 'no reads' : `p99 ${latency(sample.latency_p99)}`,
    );
  }

  /**
   * @param {string} key
   * @param {string} value
   * @param {string} note
   */
  #set(key, value, note) {
    const tile = this.#values.get(key);
    if (tile === undefined) return;
    setText(tile.value, value);
    setText(tile.note, note);
  }
}

const labels = { read: 'To readers', down: 'From peers', peers: 'Peers', readers: 'Open files', cache: 'Cache' };

/**
 * @param {import('./messages.js').Torrent[]} torrents
 * @param {'peers' | 'peers_known' | 'download_speed' | 'fetched_bytes'} field
 */
function sum(torrents, field) {
  return torrents.reduce((total, torrent) => total + torrent[field], 0);
}

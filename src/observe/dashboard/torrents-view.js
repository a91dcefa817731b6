import { byId, KeyedList, make, setText } from './elements.js';
import { bytes, count, facts, percent, speed } from './format.js';

/** @typedef {import('./messages.js').Torrent} Torrent */

/** The list of torrents, and what can be done to each. */
export class TorrentsView {
  #counter = byId('torrents-count', HTMLElement);
  #empty = byId('torrents-empty', HTMLElement);
  #list;
  /** @type {string | undefined} */
  #selected;
  #readOnly = true;

  /**
   * @param {{
   *   select: (torrent: Torrent) => void,
   *   toggle: (torrent: Torrent) => void,
   *   forget: (torrent: Torrent) => void,
   *   why: (path: string) => void,
   * }} on
   */
  constructor(on) {
    this.#list = new KeyedList(byId('torrents', HTMLElement), {
      key: (/** @type {Torrent} */ torrent) => torrent.info_hash,
      create: torrent => createRow(torrent, on),
      update: (row, torrent) => this.#update(row, torrent),
    });
  }

  /**
   * @param {readonly Torrent[]} torrents
   * @param {{ selected: string | undefined, readOnly: boolean }} how
   */
  show(torrents, { selected, readOnly }) {
    this.#selected = selected;
    this.#readOnly = readOnly;
    this.#list.show(torrents);
    setText(this.#counter, torrents.length === 0 ? '' : count(torrents.length, 'torrent'));
    this.#empty.hidden = torrents.length > 0;
    setText(
      this.#empty,
      readOnly ? 'This mount has no torrents.' : 'No torrents yet. Add a magnet link, or drop a .torrent file.',
    );
  }

  /**
   * @param {ReturnType<typeof createRow>['view']} row
   * @param {Torrent} torrent
   */
  #update(row, torrent) {
    const share = torrent.total_bytes > 0 ? torrent.progress_bytes / torrent.total_bytes : 0;
    const paused = torrent.state === 'paused';
    row.torrent = torrent;
    row.element.dataset.state = torrent.state;
    row.select.setAttribute('aria-expanded', String(torrent.info_hash === this.#selected));
    setText(row.name, torrent.name);
    setText(row.state, torrent.state);
    row.bar.value = share;
    setText(row.facts, factsOf(torrent, share));
    setText(row.error, torrent.error ?? '');
    row.error.hidden = torrent.error === null;
    row.toggle.hidden = this.#readOnly;
    row.forget.hidden = this.#readOnly;
    setText(row.toggle, paused ? 'Resume' : 'Pause');
    row.toggle.setAttribute('aria-label', `${paused ? 'Resume' : 'Pause'} ${torrent.name}`);
    row.forget.setAttribute('aria-label', `Forget ${torrent.name}`);
    row.why.setAttribute('aria-label', `Why? ${torrent.name}`);
  }
}

/**
 * @param {Torrent} torrent
 * @param {{
 *   select: (torrent: Torrent) => void,
 *   toggle: (torrent: Torrent) => void,
 *   forget: (torrent: Torrent) => void,
 *   why: (path: string) => void,
 * }} on
 */
function createRow(torrent, on) {
  const name = make('span', { class: 'name', dir: 'auto' });
  const state = make('span', { class: 'badge' });
  const bar = make('progress', { max: '1' });
  const facts = make('span', { class: 'facts quiet' });
  const error = make('p', { class: 'row-error' });
  const select = make(
    'button',
    { type: 'button', class: 'select' },
    make('span', { class: 'line' }, name, state),
    bar,
    facts,
  );
  const why = make('button', { type: 'button', class: 'small' }, 'Why?');
  const toggle = make('button', { type: 'button', class: 'small' });
  const forget = make('button', { type: 'button', class: 'small danger' }, 'Forget');
  const element = make(
    'li',
    { class: 'torrent' },
    select,
    make('div', { class: 'actions' }, why, toggle, forget),
    error,
  );
  const view = { element, torrent, select, name, state, bar, facts, error, why, toggle, forget };
  select.addEventListener('click', () => on.select(view.torrent));
  why.addEventListener('click', () => on.why(view.torrent.name));
  toggle.addEventListener('click', () => on.toggle(view.torrent));
  forget.addEventListener('click', () => on.forget(view.torrent));
  return { element, view };
}

/**
 * @param {Torrent} torrent
 * @param {number} share
 */
function factsOf(torrent, share) {
  if (torrent.state === 'resolving') return facts(['looking for the metadata', count(torrent.peers, 'peer')]);
  const parts = [`${percent(share)} of ${bytes(torrent.total_bytes)}`, count(torrent.peers, 'peer')];
  if (torrent.download_speed > 0) parts.push(`↓ ${speed(torrent.download_speed)}`);
  if (torrent.upload_speed > 0) parts.push(`↑ ${speed(torrent.upload_speed)}`);
  return facts(parts);
}

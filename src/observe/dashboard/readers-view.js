import { byId, KeyedList, make, setText } from './elements.js';
import { bytes, count, duration, facts, percent } from './format.js';

/**
 * @typedef {import('./messages.js').OpenFile} OpenFile
 * @typedef {import('./messages.js').WaitingRead} WaitingRead
 * @typedef {{ file: OpenFile, wait: WaitingRead | undefined }} Reader
 */

/** A read that is answered within this time needs no explanation: on a busy swarm one or another waits at any moment. */
const noticeableMs = 1000;
/** A read that gets no byte for this long may well fail. */
const stalledMs = 2000;

/** Who reads what, how far, and what whoever waits is waiting for. */
export class ReadersView {
  #counter = byId('readers-count', HTMLElement);
  #empty = byId('readers-empty', HTMLElement);
  #list;

  /** @param {{ select: (file: OpenFile) => void, why: (path: string) => void }} on */
  constructor(on) {
    this.#list = new KeyedList(byId('readers', HTMLElement), {
      key: (/** @type {Reader} */ { file }) => String(file.handle),
      create: reader => createRow(reader, on),
      update: updateRow,
    });
  }

  /** @param {import('./messages.js').Status} status */
  show(status) {
    const waits = new Map(longestFirst(status.waiting_reads).map(wait => [wait.handle, wait]));
    const readers = status.open_files.map(file => ({ file, wait: waits.get(file.handle) }));
    readers.sort((a, b) => (b.wait?.waited_ms ?? -1) - (a.wait?.waited_ms ?? -1));
    this.#list.show(readers);
    this.#empty.hidden = readers.length > 0;
    const parts = [count(status.open_files_total, 'open file')];
    const waiting = noticeableWaits(status);
    if (waiting > 0) parts.push(`${count(waiting, 'read')} waiting`);
    setText(this.#counter, readers.length === 0 ? '' : facts(parts));
  }
}

/**
 * How many reads wait for long enough to be noticed; the server names the first hundreds of very many.
 * @param {import('./messages.js').Status} status
 */
export function noticeableWaits({ waiting_reads, waiting_reads_total }) {
  if (waiting_reads_total > waiting_reads.length) return waiting_reads_total;
  return waiting_reads.filter(isNoticeable).length;
}

/** @param {WaitingRead} wait */
function isNoticeable(wait) {
  return wait.waited_ms >= noticeableMs;
}

/**
 * The longest wait of a handle is the last of it, so that a Map keeps it.
 * @param {WaitingRead[]} waits
 */
function longestFirst(waits) {
  return waits.toSorted((a, b) => a.waited_ms - b.waited_ms);
}

/**
 * @param {Reader} reader
 * @param {{ select: (file: OpenFile) => void, why: (path: string) => void }} on
 */
function createRow({ file }, on) {
  const path = make('span', { class: 'name', dir: 'auto' });
  const state = make('span', { class: 'badge' });
  const facts = make('span', { class: 'facts quiet' });
  const reason = make('span', { class: 'reason' });
  const select = make(
    'button',
    { type: 'button', class: 'select' },
    make('span', { class: 'line' }, path, state),
    facts,
    reason,
  );
  const why = make('button', { type: 'button', class: 'small' }, 'Why?');
  const element = make('li', { class: 'reader' }, select, make('div', { class: 'actions' }, why));
  const view = { element, file, path, state, facts, reason, why };
  select.addEventListener('click', () => on.select(view.file));
  why.addEventListener('click', () => on.why(view.file.path));
  return { element, view };
}

/**
 * @param {ReturnType<typeof createRow>['view']} row
 * @param {Reader} reader
 */
function updateRow(row, { file, wait }) {
  const waits = wait !== undefined && isNoticeable(wait);
  row.file = file;
  row.element.dataset.state = waits ? 'waiting' : 'reading';
  setText(row.path, file.path);
  setText(row.state, waits ? 'waiting' : 'open');
  const share = file.length > 0 ? file.position / file.length : 1;
  const ahead = Math.max(0, file.read_ahead_end - file.position);
  const parts = [`at ${percent(share)} of ${bytes(file.length)}`];
  if (ahead > 0) parts.push(`${bytes(ahead)} read ahead`);
  setText(row.facts, facts(parts));
  row.reason.hidden = !waits;
  row.why.hidden = !waits;
  row.why.setAttribute('aria-label', `Why? ${file.path}`);
  setText(row.reason, waits ? reasonOf(wait) : '');
}

/** @param {WaitingRead} wait */
function reasonOf(wait) {
  const since = `has waited ${duration(wait.waited_ms)} for ${bytes(wait.end - wait.start)}`;
  const reason = wait.reason === null ? '' : `: ${wait.reason}`;
  const end = wait.idle_ms < stalledMs ? '' : ` Fails in ${duration(wait.deadline_ms)} unless a byte comes.`;
  return `${since}${reason}.${end}`;
}

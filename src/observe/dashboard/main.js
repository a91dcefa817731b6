import { AddView } from './add-view.js';
import { forget, pause, resume } from './api.js';
import { askForToken, confirmForget, notify, showWhy } from './dialogs.js';
import { byId, setText } from './elements.js';
import { FileView } from './file-view.js';
import { Live } from './live.js';
import { Plots } from './plots.js';
import { ReadersView } from './readers-view.js';
import { Tiles } from './tiles.js';
import { TorrentsView } from './torrents-view.js';

/** What is chosen: the torrent whose pieces are shown. Chosen for the user until the user chooses. */
let selected = /** @type {string | undefined} */ (undefined);
let chosenByUser = false;

const live = new Live({
  event: show,
  mismatch: tellMismatch,
  state: showConnection,
  locked: () => void askForToken().then(() => live.connect()),
});
const add = new AddView();
const tiles = new Tiles();
const plots = new Plots();
const file = new FileView({ watch: watched => live.watch(watched) });
const torrents = new TorrentsView({
  select: torrent => choose(torrent.info_hash === selected ? undefined : torrent.info_hash),
  toggle: torrent => attempt(() => (torrent.state === 'paused' ? resume : pause)(torrent.info_hash)),
  forget: torrent => attempt(() => forgetTorrent(torrent)),
  why: path => attempt(() => showWhy(path)),
});
const readers = new ReadersView({
  select: open => choose(open.info_hash, open.file_index),
  why: path => attempt(() => showWhy(path)),
});

/** @type {import('./messages.js').Status | undefined} */
let status;
let mismatchTold = false;

live.connect();

/** @param {import('./messages.js').LiveEvent} event */
function show(event) {
  switch (event.name) {
    case 'history':
      plots.replace(event.samples);
      return;
    case 'sample':
      plots.add(event.sample);
      tiles.showSample(event.sample);
      return;
    case 'status':
      showStatus(event.status);
      return;
    case 'pieces':
      file.update(event.pieces);
  }
}

/** @param {unknown} error */
function tellMismatch(error) {
  if (!mismatchTold) notify(`The mount says what this page does not understand (${error}); reload it`, 'failed');
  mismatchTold = true;
}

/** @param {import('./messages.js').Status} latest */
function showStatus(latest) {
  status = latest;
  setText(byId('mountpoint', HTMLElement), latest.mountpoint);
  setText(
    byId('footer', HTMLElement),
    `torrent-fuse ${latest.version} · ${latest.engine}${latest.read_only ? ' · read-only' : ''}`,
  );
  showTrouble(latest.engine_failure);
  add.enable(!latest.read_only);
  tiles.showStatus(latest);
  readers.show(latest);
  if (selected !== undefined && !latest.torrents.some(isSelected)) {
    chosenByUser = false;
    open(undefined);
  }
  if (!chosenByUser && selected === undefined) chooseForUser(latest);
  torrents.show(latest.torrents, { selected, readOnly: latest.read_only });
}

/** What is waited for is of interest first, then what is read, then what is there. */
function chooseForUser(/** @type {import('./messages.js').Status} */ { waiting_reads, open_files, torrents: all }) {
  const read = waiting_reads[0] ?? open_files[0];
  const known = all.find(torrent => torrent.state !== 'resolving');
  if (read) open(read.info_hash, read.file_index);
  else if (known) open(known.info_hash);
}

/**
 * @param {string | undefined} infoHash
 * @param {number} [fileIndex]
 */
function choose(infoHash, fileIndex) {
  chosenByUser = true;
  open(infoHash, fileIndex);
  if (status) torrents.show(status.torrents, { selected, readOnly: status.read_only });
}

/**
 * @param {string | undefined} infoHash
 * @param {number} [fileIndex]
 */
function open(infoHash, fileIndex) {
  selected = infoHash;
  void attempt(() => file.open(infoHash, fileIndex));
}

function isSelected(/** @type {{ info_hash: string }} */ torrent) {
  return torrent.info_hash === selected;
}

async function forgetTorrent(/** @type {{ info_hash: string, name: string }} */ { info_hash, name }) {
  const agreed = await confirmForget(`Forget “${name}”?`, 'It vanishes from the mount. Its data stays on the disk.');
  if (!agreed) return;
  await forget(info_hash);
  notify(`Forgot ${name}`, 'done');
}

/** @param {string | null} failure */
function showTrouble(failure) {
  const trouble = byId('trouble', HTMLElement);
  trouble.hidden = failure === null;
  setText(trouble, failure === null ? '' : `The engine does not answer: ${failure}`);
}

/** @param {'live' | 'reconnecting'} state */
function showConnection(state) {
  const connection = byId('connection', HTMLElement);
  connection.dataset.state = state;
  setText(connection, state);
}

/** @param {() => unknown} action */
async function attempt(action) {
  try {
    await action();
  } catch (error) {
    notify(error instanceof Error ? error.message : String(error), 'failed');
  }
}

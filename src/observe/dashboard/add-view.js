import { addFile, addSource } from './api.js';
import { notify } from './dialogs.js';
import { byId } from './elements.js';

/** As much as the server takes. */
const maxTorrentBytes = 64 * 1024 * 1024;

/** The form, the file chooser, and files dropped anywhere on the page. */
export class AddView {
  #form = byId('add', HTMLFormElement);
  #source = byId('source', HTMLInputElement);
  #chooser = byId('torrent-file', HTMLInputElement);
  #overlay = byId('drop', HTMLElement);

  constructor() {
    this.#form.addEventListener('submit', event => {
      event.preventDefault();
      void this.#addText(this.#source.value.trim());
    });
    this.#chooser.addEventListener('change', async () => {
      await addFiles([...(this.#chooser.files ?? [])]);
      this.#chooser.value = '';
    });
    this.#acceptDrops();
  }

  /** @param {boolean} enabled false on a mount that takes no changes */
  enable(enabled) {
    this.#form.hidden = !enabled;
  }

  /** @param {string} text */
  async #addText(text) {
    if (text === '') return;
    if (await attempt(text, () => addSource(text))) this.#source.value = '';
  }

  #acceptDrops() {
    window.addEventListener('dragover', event => {
      event.preventDefault();
      this.#overlay.hidden = this.#form.hidden;
    });
    window.addEventListener('dragleave', event => {
      if (event.relatedTarget === null) this.#overlay.hidden = true;
    });
    window.addEventListener('drop', event => {
      event.preventDefault();
      this.#overlay.hidden = true;
      if (this.#form.hidden) return;
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length > 0) void addFiles(files);
      else void this.#addText(event.dataTransfer?.getData('text').trim() ?? '');
    });
  }
}

/** @param {File[]} files */
async function addFiles(files) {
  for (const file of files) {
    await attempt(file.name, () => {
      if (file.size > maxTorrentBytes) throw new Error('it is larger than any .torrent file');
      return addFile(file);
    });
  }
}

/**
 * @param {string} what
 * @param {() => Promise<unknown>} add
 */
async function attempt(what, add) {
  const name = what.length > 80 ? `${what.slice(0, 79)}…` : what;
  try {
    await add();
    notify(`Added ${name}`, 'done');
    return true;
  } catch (error) {
    notify(`${name} was not added: ${error instanceof Error ? error.message : error}`, 'failed');
    return false;
  }
}

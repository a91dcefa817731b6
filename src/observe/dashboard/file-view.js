import { getFiles } from './api.js';
import { byId, make, setText } from './elements.js';
import { bytes } from './format.js';
import { PieceMap } from './piece-map.js';

/** The chosen torrent's files, and the piece map of one of them. */
export class FileView {
  #card = byId('file', HTMLElement);
  #title = byId('file-title', HTMLElement);
  #summary = byId('file-summary', HTMLElement);
  #select = byId('file-select', HTMLSelectElement);
  #map = new PieceMap(byId('piece-map', HTMLCanvasElement));
  /** @type {string | undefined} */
  #infoHash;
  /** @type {string | undefined} The `<info hash>/<index>` that is shown. */
  #file;
  #watch;

  /** @param {{ watch: (file: string | undefined) => void }} on told which file's pieces are wanted */
  constructor(on) {
    this.#watch = on.watch;
    this.#select.addEventListener('change', () => this.#show(this.#select.value));
  }

  /**
   * @param {string | undefined} infoHash nothing is shown without one
   * @param {number} [fileIndex]
   */
  async open(infoHash, fileIndex) {
    this.#infoHash = infoHash;
    this.#card.hidden = true;
    if (infoHash === undefined) {
      this.#show(undefined);
      return;
    }
    const { files, total } = await getFiles(infoHash);
    const [first] = files;
    if (infoHash !== this.#infoHash || first === undefined) return;
    this.#select.replaceChildren(
      ...files.map(file =>
        make('option', { value: `${infoHash}/${file.file_index}` }, `${file.path} (${bytes(file.length)})`),
      ),
    );
    if (total > files.length) this.#select.append(make('option', { disabled: '' }, `and ${total - files.length} more`));
    this.#select.value = `${infoHash}/${fileIndex ?? first.file_index}`;
    this.#card.hidden = false;
    this.#show(this.#select.value);
  }

  /** @param {import('./messages.js').Pieces} pieces */
  update(pieces) {
    if (`${pieces.info_hash}/${pieces.file_index}` !== this.#file) return;
    setText(this.#title, pieces.path.split('/').at(-1) ?? pieces.path);
    setText(this.#summary, `${pieces.piece_count} × ${bytes(pieces.piece_length)}`);
    this.#map.show(pieces);
  }

  /** @param {string | undefined} file */
  #show(file) {
    this.#file = file;
    this.#watch(file);
  }
}

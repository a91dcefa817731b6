import { bytes, count } from './format.js';

/** @typedef {import('./messages.js').Pieces} Pieces */

/** Cells are this wide with the gap after them, and rows as high with the lane of readers under them. */
const cell = { size: 11, gap: 2, lane: 4 };
/** More rows than this nobody takes in; a cell then stands for several pieces. */
const maxRows = 22;

/**
 * A file as a grid of its pieces. Under each row runs a lane with the read-ahead windows; a frame marks the piece in which a
 * reader stands.
 */
export class PieceMap {
  /** @type {Pieces | undefined} */
  #pieces;
  /** @type {Uint8Array} */
  #held = new Uint8Array();
  #canvas;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
  }

  /** @param {Pieces} pieces */
  show(pieces) {
    this.#pieces = pieces;
    this.#held = Uint8Array.from(atob(pieces.bitfield), character => character.charCodeAt(0));
    this.#canvas.setAttribute('aria-label', describe(pieces, this.#held));
    this.draw();
  }

  draw() {
    const pieces = this.#pieces;
    const width = this.#canvas.clientWidth;
    if (pieces === undefined || width === 0) return;
    const grid = layOut(pieces.piece_count, width);
    const context = resize(this.#canvas, width, grid.rows * grid.rowHeight);
    const colours = readColours();
    const states = cellStates(pieces, this.#held, grid);
    for (let index = 0; index < grid.cells; index++)
      drawCell(context, grid, index, states[index] ?? emptyState, colours);
    for (const reader of pieces.readers) drawReader(context, grid, pieces, reader, colours);
  }
}

/**
 * How many of the pieces are held.
 * @param {Pieces} pieces
 * @param {Uint8Array} held
 */
function heldCount(pieces, held) {
  let sum = 0;
  for (let piece = 0; piece < pieces.piece_count; piece++) sum += isHeld(held, piece) ? 1 : 0;
  return sum;
}

/**
 * @param {Pieces} pieces
 * @param {Uint8Array} held
 */
function describe(pieces, held) {
  const readers = pieces.readers.map(reader => `reader at ${bytes(reader.position)}`);
  const waits = pieces.waiting_reads.map(wait => `a read waits at ${bytes(wait.start)}`);
  return [`${heldCount(pieces, held)} of ${count(pieces.piece_count, 'piece')} held`, ...readers, ...waits].join('; ');
}

/**
 * @param {Uint8Array} held
 * @param {number} piece
 */
function isHeld(held, piece) {
  return ((held[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0;
}

/**
 * @param {number} pieceCount
 * @param {number} width
 */
function layOut(pieceCount, width) {
  const pitch = cell.size + cell.gap;
  const columns = Math.max(1, Math.floor((width + cell.gap) / pitch));
  const cells = Math.max(1, Math.min(pieceCount, columns * maxRows));
  const rowHeight = cell.size + cell.lane + cell.gap + 1;
  return { columns, cells, rows: Math.ceil(cells / columns), pitch, rowHeight, piecesPerCell: pieceCount / cells };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
function resize(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser draws no canvas');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  return {
    have: colour('--have'),
    flight: colour('--flight'),
    wanted: colour('--wanted'),
    missing: colour('--missing'),
    ahead: colour('--ahead'),
    cursor: colour('--cursor'),
  };
}

/** The shares of a cell's pieces do not add up exactly. */
const almostWhole = 0.999;

const emptyState = { held: 0, flight: false, wanted: false };

/**
 * @param {Pieces} pieces
 * @param {Uint8Array} held
 * @param {ReturnType<typeof layOut>} grid
 */
function cellStates(pieces, held, grid) {
  const states = Array.from({ length: grid.cells }, () => ({ ...emptyState }));
  for (let piece = 0; piece < pieces.piece_count; piece++) {
    const state = states[cellOfPiece(piece, grid)];
    if (state && isHeld(held, piece)) state.held += 1 / grid.piecesPerCell;
  }
  const mark = (/** @type {number} */ start, /** @type {number} */ end, /** @type {'flight' | 'wanted'} */ what) => {
    for (let piece = pieceAt(pieces, start); piece <= pieceAt(pieces, end - 1); piece++) {
      const state = states[cellOfPiece(piece, grid)];
      if (state && !isHeld(held, piece)) state[what] = true;
    }
  };
  for (const [start, end] of pieces.in_flight) mark(start, end, 'flight');
  for (const wait of pieces.waiting_reads) mark(wait.start, wait.end, 'wanted');
  return states;
}

/**
 * @param {Pieces} pieces
 * @param {number} offset of the file
 */
function pieceAt(pieces, offset) {
  const piece = Math.floor((offset + pieces.lead_bytes) / pieces.piece_length);
  return Math.min(Math.max(0, piece), pieces.piece_count - 1);
}

/**
 * @param {number} piece
 * @param {ReturnType<typeof layOut>} grid
 */
function cellOfPiece(piece, grid) {
  return Math.min(grid.cells - 1, Math.floor(piece / grid.piecesPerCell));
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {ReturnType<typeof layOut>} grid
 * @param {number} index
 * @param {typeof emptyState} state
 * @param {ReturnType<typeof readColours>} colours
 */
function drawCell(context, grid, index, state, colours) {
  const { x, y } = placeOf(index, grid);
  const box = (/** @type {string} */ colour, share = 1) => {
    context.fillStyle = colour;
    context.beginPath();
    context.roundRect(x, y + cell.size * (1 - share), cell.size, cell.size * share, share < 1 ? 0 : 2);
    context.fill();
  };
  box(colours.missing);
  if (state.flight) box(colours.flight);
  if (state.wanted) box(colours.wanted);
  // A cell of many pieces fills up from below.
  if (state.held > 0) box(colours.have, state.held > almostWhole ? 1 : Math.max(0.15, state.held));
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {ReturnType<typeof layOut>} grid
 * @param {Pieces} pieces
 * @param {import('./messages.js').OpenFile} reader
 * @param {ReturnType<typeof readColours>} colours
 */
function drawReader(context, grid, pieces, reader, colours) {
  const at = cellOfPiece(pieceAt(pieces, reader.position), grid);
  if (reader.read_ahead_end > reader.position) {
    const end = cellOfPiece(pieceAt(pieces, reader.read_ahead_end - 1), grid);
    context.fillStyle = colours.ahead;
    for (let index = at; index <= end; index++) {
      const { x, y } = placeOf(index, grid);
      const lastOfRow = (index + 1) % grid.columns === 0 || index === end;
      context.fillRect(x, y + cell.size + 2, lastOfRow ? cell.size : grid.pitch, 2.5);
    }
  }
  const { x, y } = placeOf(at, grid);
  context.strokeStyle = colours.cursor;
  context.lineWidth = 2;
  context.beginPath();
  context.roundRect(x - 0.5, y - 0.5 + 1, cell.size + 1, cell.size, 3);
  context.stroke();
}

/**
 * @param {number} index
 * @param {ReturnType<typeof layOut>} grid
 */
function placeOf(index, grid) {
  return { x: (index % grid.columns) * grid.pitch, y: Math.floor(index / grid.columns) * grid.rowHeight + 1 };
}

import { countInWords } from '../../observe/words.ts';
import type { TorrentReport } from '../status-report.ts';
import { printable, toColumns } from './printable.ts';
import { formatPercent, formatSpeed, progressBar } from './quantity.ts';
import type { Style } from './style.ts';

/** A long bar moves more smoothly, a short one leaves room for names. */
const longBar = { columns: 20, fromScreenColumns: 100 };
const shortBarColumns = 10;
const stateColumns = 12;
/** ` 58.3 % ` and its neighbours. */
const percentColumns = 7;
const speedColumns = 12;
const peersColumns = 10;

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly style: Style;
}

/** A line for each torrent, none longer than the screen is wide, and no more than fit on it. */
export function torrentLines(torrents: readonly TorrentReport[], screen: Screen): string[] {
  if (torrents.length === 0) return [screen.style.dim('no torrents yet: copy a .torrent file into the mount')];
  const shown = torrents.length > screen.rows ? byInterest(torrents).slice(0, Math.max(1, screen.rows - 1)) : torrents;
  const lines = shown.map(torrent => torrentLine(torrent, screen));
  const hidden = torrents.length - shown.length;
  return hidden === 0 ? lines : [...lines, screen.style.dim(`… and ${countInWords(hidden, 'torrent')} more`)];
}

function torrentLine(torrent: TorrentReport, { columns, style }: Screen): string {
  const fraction = progressOf(torrent);
  const barColumns = columns >= longBar.fromScreenColumns ? longBar.columns : shortBarColumns;
  const widths = [stateColumns, barColumns, percentColumns, speedColumns, peersColumns];
  // One column is left free: a full last column makes some terminals wrap.
  const nameColumns = Math.max(10, Math.min(60, columns - 1 - sumWithSpaces(widths)));
  const cells = [
    colourOfState(torrent.state, style)(toColumns(torrent.state, stateColumns)),
    progressBar(fraction, barColumns),
    formatPercent(fraction).padStart(percentColumns),
    formatSpeed(torrent.download_speed).padStart(speedColumns),
    toColumns(countInWords(torrent.peers, 'peer'), peersColumns),
  ];
  // On a narrow screen the name, the state and the progress are what matters.
  while (cells.length > 2 && nameColumns + sumWithSpaces(widths.slice(0, cells.length)) >= columns) cells.pop();
  return [toColumns(printable(torrent.name), nameColumns), ...cells].join(' ').trimEnd();
}

function sumWithSpaces(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + 1 + width, 0);
}

export function progressOf(torrent: TorrentReport): number {
  if (torrent.total_bytes === 0) return torrent.state === 'seeding' ? 1 : 0;
  return torrent.progress_bytes / torrent.total_bytes;
}

export function colourOfState(state: string, style: Style): (text: string) => string {
  switch (state) {
    case 'downloading':
    case 'resolving':
    case 'initializing':
      return style.cyan;
    case 'seeding':
      return style.green;
    case 'stalled':
    case 'paused':
    case 'unknown':
      return style.yellow;
    case 'error':
      return style.red;
    default:
      return style.dim;
  }
}

/** Those first that something happens to, or should. */
function byInterest(torrents: readonly TorrentReport[]): TorrentReport[] {
  const order = [
    'error',
    'downloading',
    'stalled',
    'resolving',
    'initializing',
    'unknown',
    'paused',
    'idle',
    'seeding',
  ];
  return torrents.toSorted((one, other) => order.indexOf(one.state) - order.indexOf(other.state));
}

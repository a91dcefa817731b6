import { createStyle, type Style } from './render/style.ts';

/** Where a command writes to: standard output or standard error. */
export interface Terminal {
  /** Somebody watches: false for a pipe or a file, which get no escape code and no redrawing. */
  readonly isTerminal: boolean;
  readonly style: Style;
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
  line(text?: string): void;
}

/** `NO_COLOR` (no-color.org) and `TERM=dumb` turn colours off. */
export function openTerminal(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): Terminal {
  const isTerminal = stream.isTTY === true && environment['TERM'] !== 'dumb';
  // `torrent-fuse list | head` closes the pipe early, and that is no failure of ours.
  stream.on('error', () => {});
  return {
    isTerminal,
    style: createStyle(isTerminal && !environment['NO_COLOR']),
    get columns() {
      return stream.columns || 80;
    },
    get rows() {
      return stream.rows || 24;
    },
    write: text => void stream.write(text),
    line: (text = '') => void stream.write(`${text}\n`),
  };
}

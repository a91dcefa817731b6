import { createStyle } from '../../src/cli/render/style.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

/** Keeps what is written to it, and what a screen would show of it. */
export class FakeTerminal implements Terminal {
  readonly isTerminal: boolean;
  readonly style;
  columns = 100;
  rows = 24;
  written = '';

  constructor({ isTerminal = false } = {}) {
    this.isTerminal = isTerminal;
    this.style = createStyle(false);
  }

  write(text: string): void {
    this.written += text;
  }

  line(text = ''): void {
    this.write(`${text}\n`);
  }

  /** The lines on the screen, for the few escape codes that we use. */
  get screen(): string[] {
    const lines = [''];
    let row = 0;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are escape codes
    for (const [token] of this.written.matchAll(/\x1b\[\??\d*[A-Za-z]|\r|\n|[^\x1b\r\n]+/g)) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: this is an escape code
      const up = /^\x1b\[(\d+)A$/.exec(token);
      if (up) row -= Number(up[1]);
      else if (token === '\x1b[0J') lines.splice(row, lines.length, '');
      else if (token === '\n') row++;
      else if (!token.startsWith('\x1b') && token !== '\r') lines[row] = (lines[row] ?? '') + token;
      lines[row] ??= '';
    }
    return lines.slice(0, -1);
  }
}

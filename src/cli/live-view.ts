import type { Terminal } from './terminal.ts';

const hideCursor = '\x1b[?25l';
const showCursor = '\x1b[?25h';
const eraseToEnd = '\x1b[0J';

/**
 * A few lines at the bottom of a terminal that are drawn again in place. What is printed meanwhile goes above them. The cursor
 * is hidden while it lives; `stop` leaves the terminal as it was.
 */
export class LiveView {
  readonly #terminal: Terminal;
  readonly #render: () => readonly string[];
  readonly #timer: NodeJS.Timeout;
  #drawnRows = 0;
  #stopped = false;

  /** @param render makes the lines, each shorter than the terminal is wide */
  constructor(terminal: Terminal, render: () => readonly string[], intervalMs: number) {
    this.#terminal = terminal;
    this.#render = render;
    terminal.write(hideCursor);
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), intervalMs);
  }

  /** @param text whole lines, each with its line break */
  printAbove(text: string): void {
    this.#terminal.write(`${this.#erase()}${text}`);
    this.#drawnRows = 0;
    if (!this.#stopped) this.#draw();
  }

  /** Takes the lines away and gives the cursor back. Idempotent. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#terminal.write(this.#erase() + showCursor);
    this.#drawnRows = 0;
  }

  #draw(): void {
    const lines = this.#render();
    this.#terminal.write(`${this.#erase()}${lines.map(line => `${line}\n`).join('')}`);
    this.#drawnRows = lines.length;
  }

  #erase(): string {
    return this.#drawnRows === 0 ? '' : `\r\x1b[${this.#drawnRows}A${eraseToEnd}`;
  }
}

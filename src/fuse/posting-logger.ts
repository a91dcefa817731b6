import type { MessagePort } from 'node:worker_threads';
import type { LogFields, Logger } from '../util/logger.ts';
import type { DebugSwitch } from './debug-switch.ts';
import type { LogMessage } from './fuse-thread-messages.ts';

/** Hands log lines to the thread that mounted: this one never gets to write them, it blocks on the device. */
export class PostingLogger implements Logger {
  readonly #debug: DebugSwitch;
  readonly #port: MessagePort;
  readonly #bindings: LogFields;

  constructor(port: MessagePort, debug: DebugSwitch, bindings: LogFields = {}) {
    this.#port = port;
    this.#debug = debug;
    this.#bindings = bindings;
  }

  get debugEnabled(): boolean {
    return this.#debug.isOn;
  }

  debug(fields: LogFields, message: string): void {
    if (this.debugEnabled) this.#post('debug', fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.#post('info', fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.#post('warn', fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.#post('error', fields, message);
  }

  child(bindings: LogFields): Logger {
    return new PostingLogger(this.#port, this.#debug, { ...this.#bindings, ...bindings });
  }

  #post(level: LogMessage['level'], fields: LogFields, message: string): void {
    const all = { ...this.#bindings, ...fields };
    try {
      this.#port.postMessage({ kind: 'log', level, fields: all, message } satisfies LogMessage);
    } catch {
      const asText = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, String(value)]));
      this.#port.postMessage({ kind: 'log', level, fields: asText, message } satisfies LogMessage);
    }
  }
}

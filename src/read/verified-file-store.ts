import { appendFileSync, readFileSync } from 'node:fs';
import { type FileId, type FileState, parseInfoHash } from '../engine/index.ts';
import { replaceFile } from '../util/durable-file.ts';
import { codeOf } from '../util/error-facts.ts';
import type { Logger } from '../util/logger.ts';
import { rememberVerifiedFiles, type Verdict, type VerifiedFiles } from './verified-files.ts';

/**
 * Verdicts that outlive the process, in a file of one line each, the last one of a file being the one that counts:
 *
 *     <info hash> <file index> good|bad <state>
 *
 * A line that was lost in a crash costs another hashing, so lines are appended without waiting for the disk, and whatever goes
 * wrong with the file is a warning.
 */
export class VerifiedFileStore implements VerifiedFiles {
  readonly #path: string;
  readonly #log: Logger;
  readonly #verdicts = rememberVerifiedFiles();

  /** Reads the file, if there is one, and writes it anew without the lines that later ones overrule. */
  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
    this.#load();
  }

  get(file: FileId): Verdict | undefined {
    return this.#verdicts.get(file);
  }

  set(file: FileId, verdict: Verdict): void {
    this.#verdicts.set(file, verdict);
    this.#attempt('a verdict on a file could not be kept for the next mount', () =>
      appendFileSync(this.#path, format(file, verdict), { mode: 0o600 }),
    );
  }

  #load(): void {
    this.#attempt('what was known of hashed files could not be read: they are hashed again', () => {
      const lines = new Map<string, string>();
      for (const line of readFileSync(this.#path, 'utf8').split('\n')) {
        const parsed = parse(line);
        if (parsed === undefined) continue;
        this.#verdicts.set(parsed.file, parsed.verdict);
        lines.set(`${parsed.file.infoHash} ${parsed.file.fileIndex}`, format(parsed.file, parsed.verdict));
      }
      replaceFile(this.#path, Buffer.from([...lines.values()].join('')));
    });
  }

  #attempt(message: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      const isAbsent = codeOf(error) === 'ENOENT';
      if (!isAbsent) this.#log.warn({ path: this.#path, error }, message);
    }
  }
}

function format({ infoHash, fileIndex }: FileId, { isGood, state }: Verdict): string {
  return `${infoHash} ${fileIndex} ${isGood ? 'good' : 'bad'} ${state}\n`;
}

function parse(line: string): { readonly file: FileId; readonly verdict: Verdict } | undefined {
  const match = /^([0-9a-f]{40}) (\d{1,9}) (good|bad) (\d+:\d+:\d+:\d+:\d+)$/.exec(line);
  const infoHash = parseInfoHash(match?.[1] ?? '');
  if (match === null || infoHash === undefined) return undefined;
  const state = match[4] as FileState; // has the form of one
  return { file: { infoHash, fileIndex: Number(match[2]) }, verdict: { isGood: match[3] === 'good', state } };
}

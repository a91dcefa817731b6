import { CommanderError } from 'commander';
import { nearest } from '../config/nearest.ts';
import { optionEntries } from '../config/options.ts';
import { createScrubber } from '../observe/scrub.ts';
import { messageOf } from '../util/error-facts.ts';
import { printable } from './render/printable.ts';

/** What is said of an error: one line, with no secret and no escape code in it. */
export function errorLine(error: unknown): string {
  const message = error instanceof CommanderError ? usageMessage(error) : messageOf(error);
  return printable(createScrubber([])(`torrent-fuse: ${message.replace(/\s*\n\s*/g, ' ')}`));
}

function usageMessage({ message }: CommanderError): string {
  const text = message.replace(/^error: /, '');
  // commander looks for what was meant only when the value does not stand behind a `=`.
  const mistyped = /^unknown option '--([^=']+)=/.exec(text)?.[1];
  const known = optionEntries.flatMap(({ option }) => option.flag ?? []);
  const meant = mistyped && nearest(mistyped, known);
  // The value may be a secret, which has no flag.
  const named = text.replace(/^(unknown option '--[^'=]+)=.*'/s, "$1'");
  return `${named}${meant ? ` (Did you mean --${meant}?)` : ''}; see --help`;
}

import { dirname } from 'node:path';
import { type ConfigFile, isTable } from './config-file.ts';
import { ConfigError } from './errors.ts';
import { type Layer, readingValueOf, type Setting } from './layer.ts';
import { nearest } from './nearest.ts';
import { optionEntries } from './options.ts';

/** The one key of a file that is no section: editors find the JSON Schema by it. */
export const schemaKey = '$schema';

const entriesById = new Map(optionEntries.map(entry => [entry.id, entry]));
const sections = new Set(optionEntries.map(entry => entry.section));

/** Relative paths start from the file's own directory. @throws ConfigError */
export function fileLayer(file: ConfigFile): Layer {
  const settings = new Map<string, Setting>();
  for (const [section, table] of Object.entries(file.content)) {
    if (section === schemaKey) continue;
    if (!sections.has(section)) throw unknownKey(file, section, [...sections, ...entriesById.keys()]);
    if (!isTable(table)) throw new ConfigError(`${section} in ${file.path} is a section: it holds keys, not a value`);
    for (const [key, raw] of Object.entries(table)) {
      const id = `${section}.${key}`;
      const entry = entriesById.get(id);
      if (!entry) throw unknownKey(file, id, entriesById.keys());
      const value = readingValueOf(`${id} in ${file.path}`, () => entry.option.type.fromFile(raw, dirname(file.path)));
      settings.set(id, { value, origin: { kind: 'file', path: file.path } });
    }
  }
  return settings;
}

/** A line of warning when the file gives its secrets away. */
export function exposedSecrets(file: ConfigFile, layer: Layer): string[] {
  const secrets = [...layer.keys()].filter(id => entriesById.get(id)?.option.secret);
  if (!file.isReadableByOthers || secrets.length === 0) return [];
  return [`${file.path} holds ${secrets.join(' and ')} and can be read by others: chmod 600 ${file.path}`];
}

function unknownKey(file: ConfigFile, id: string, known: Iterable<string>): ConfigError {
  const meant = nearest(id, known);
  const hint = meant ? `did you mean ${meant}?` : "see 'torrent-fuse config'";
  return new ConfigError(`${id} in ${file.path} is no option; ${hint}`);
}

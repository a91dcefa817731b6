import { ConfigError } from './errors.ts';
import { type Layer, readingValueOf, type Setting } from './layer.ts';
import { nearest } from './nearest.ts';
import { negatedEnvironmentName, type Option } from './option.ts';
import { optionEntries } from './options.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Names the configuration file, in place of `--config`. */
export const configFileVariable = 'TORRENT_FUSE_CONFIG';

/** A variable that is set to nothing counts as not set. @throws ConfigError */
export function environmentLayer(environment: Environment, directory: string): Layer {
  const settings = new Map<string, Setting>();
  for (const { id, option } of optionEntries) {
    const setting = settingOf(option, environment, directory);
    if (setting) settings.set(id, setting);
  }
  return settings;
}

function settingOf(option: Option<unknown>, environment: Environment, directory: string): Setting | undefined {
  const read = (name: string | undefined): Setting | undefined => {
    const text = name && environment[name];
    if (!name || !text) return undefined;
    const value = readingValueOf(name, () => option.type.fromText(text, directory));
    return { value, origin: { kind: 'environment', name } };
  };
  const plain = read(option.env);
  const negatedName = negatedEnvironmentName(option);
  const negated = read(negatedName);
  if (!negated) return plain;
  if (plain && plain.value === negated.value) {
    throw new ConfigError(`${option.env} and ${negatedName} contradict each other: unset one of them`);
  }
  return { ...negated, value: !negated.value };
}

/** One line for each variable that is called like one of ours and is none, naming the one that was meant. */
export function unknownVariables(environment: Environment): string[] {
  const known = new Set([configFileVariable]);
  for (const { option } of optionEntries) {
    known.add(option.env);
    const negated = negatedEnvironmentName(option);
    if (negated) known.add(negated);
  }
  return Object.keys(environment)
    .filter(name => name.startsWith('TORRENT_FUSE_') && !known.has(name))
    .flatMap(name => {
      const meant = nearest(name, known);
      return meant ? [`the environment variable ${name} means nothing here; did you mean ${meant}?`] : [];
    });
}

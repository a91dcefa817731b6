import { type ConfigFile, type FileSearch, findConfigFile } from './config-file.ts';
import { configFileVariable, type Environment, environmentLayer, unknownVariables } from './environment-layer.ts';
import { exposedSecrets, fileLayer } from './file-layer.ts';
import { type FlagValues, flagLayer } from './flag-layer.ts';
import type { Layer, Origin, Setting } from './layer.ts';
import type { EngineKind } from './option.ts';
import { flagText } from './option.ts';
import { type Config, optionEntries } from './options.ts';

export interface ConfigInput extends Omit<FileSearch, 'explicitPath'> {
  readonly flags: FlagValues;
  /** `--config`. */
  readonly configPath: string | undefined;
  readonly environment: Environment;
}

export interface LoadedConfig {
  readonly config: Config;
  /** What it was loaded from: the same again is a reload. */
  readonly input: ConfigInput;
  /** By `section.key`, one for every option. */
  readonly origins: ReadonlyMap<string, Origin>;
  readonly file: string | undefined;
  /** What is odd but does no harm, a sentence each. */
  readonly warnings: readonly string[];
}

/** Merges defaults, the file, the environment and the flags, in this order. @throws ConfigError */
export function loadConfig(input: ConfigInput): LoadedConfig {
  const { flags, environment, directory } = input;
  const explicitPath = input.configPath ?? (environment[configFileVariable] || undefined);
  const { file, warnings } = findConfigFile({ ...input, explicitPath });
  const fromFile = file ? fileLayer(file) : new Map();
  const settings = merge([fromFile, environmentLayer(environment, directory), flagLayer(flags, directory)]);
  return {
    config: configOf(settings),
    input,
    origins: new Map([...settings].map(([id, { origin }]) => [id, origin])),
    file: file?.path,
    warnings: [...warnings, ...secretWarnings(file, fromFile), ...unknownVariables(environment)],
  };
}

/** What every option is when nobody sets anything. */
export const defaultConfig: Config = configOf(merge([]));

/** The options that are set to other than their default and that an engine of this kind cannot honour, as flags. */
export function unhonouredOptions(config: Config, engine: EngineKind): string[] {
  return optionEntries.flatMap(({ section, property, option }) => {
    const { honouredBy } = option;
    if (!honouredBy || honouredBy.includes(engine)) return [];
    const value = valueIn(config, section, property);
    return option.type.toText(value) === option.type.toText(option.default) ? [] : [flagText(option) ?? option.env];
  });
}

/** The value of a row of the table. */
export function valueIn(config: Config, section: string, property: string): unknown {
  return (config as Readonly<Record<string, Readonly<Record<string, unknown>>>>)[section]?.[property];
}

function merge(layers: readonly Layer[]): Map<string, Setting> {
  const defaults = optionEntries.map(({ id, option }): [string, Setting] => [
    id,
    { value: option.default, origin: { kind: 'default' } },
  ]);
  return new Map([...defaults, ...layers.flatMap(layer => [...layer])]);
}

function configOf(settings: ReadonlyMap<string, Setting>): Config {
  const config: Record<string, Record<string, unknown>> = {};
  for (const { section, property, id } of optionEntries) {
    config[section] ??= {};
    config[section][property] = settings.get(id)?.value;
  }
  for (const table of Object.values(config)) Object.freeze(table);
  // Each value was read by the type of its own row, from which Config is made.
  return Object.freeze(config) as unknown as Config;
}

function secretWarnings(file: ConfigFile | undefined, layer: Layer): string[] {
  return file ? exposedSecrets(file, layer) : [];
}

import { type Layer, readingValueOf, type Setting } from './layer.ts';
import { optionEntries } from './options.ts';

/** What the command line says, by `section.key`: the texts of a repeatable flag in order, one text, or a boolean. */
export type FlagValues = ReadonlyMap<string, readonly string[] | string | boolean>;

/** @throws ConfigError */
export function flagLayer(flags: FlagValues, directory: string): Layer {
  const settings = new Map<string, Setting>();
  for (const { id, option } of optionEntries) {
    const given = flags.get(id);
    if (given === undefined || option.flag === undefined) continue;
    const flag = given === false ? `--no-${option.flag}` : `--${option.flag}`;
    const value = readingValueOf(flag, () => {
      if (typeof given === 'boolean') return given;
      if (typeof given === 'string') return option.type.fromText(given, directory);
      return given.flatMap(text => option.type.fromText(text, directory));
    });
    settings.set(id, { value, origin: { kind: 'flag', flag } });
  }
  return settings;
}

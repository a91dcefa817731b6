import { type Command, Option } from 'commander';
import { defaultOf } from '../config/documentation.ts';
import type { FlagValues } from '../config/flag-layer.ts';
import { type LoadedConfig, loadConfig } from '../config/load-config.ts';
import type { Option as ConfigOption } from '../config/option.ts';
import { type OptionEntry, optionEntries } from '../config/options.ts';
import type { CliContext } from './context.ts';
import { UsageError } from './errors.ts';

/** Gives a command the flags of the table of options, grouped by section, and `--config`, `-v` and `-q`. */
export function addConfigFlags(command: Command): Command {
  command.option('--config <FILE>', 'read this configuration file and no other (TOML, YAML or JSON)');
  for (const entry of optionEntries) {
    for (const option of flagsOf(entry)) command.addOption(option.helpGroup(`Options: ${entry.section}`));
  }
  command.addOption(new Option('-v, --verbose', 'the same as --log-level debug').helpGroup('Options: log'));
  command.addOption(new Option('-q, --quiet', 'the same as --log-level warn').helpGroup('Options: log'));
  return command;
}

/** Merges what a command was given with the environment and the files. @throws ConfigError, UsageError */
export function loadConfigOf(command: Command, context: CliContext): LoadedConfig {
  const given: unknown = command.opts()['config'];
  return loadConfig({
    flags: flagValues(command),
    configPath: typeof given === 'string' ? given : undefined,
    environment: context.environment,
    directory: context.directory,
    uid: context.uid,
  });
}

function flagsOf({ option }: OptionEntry): Option[] {
  if (option.flag === undefined) return [];
  const { placeholder, list } = option.type;
  if (placeholder === undefined) return booleanFlags(option, option.flag);
  const flag = new Option(`--${option.flag} <${placeholder}>`, describe(option));
  return [list ? flag.argParser((text: string, texts: string[] = []) => [...texts, text]) : flag];
}

/** Both ways of a boolean; the help shows the one that changes the default. */
function booleanFlags(option: ConfigOption<unknown>, flag: string): Option[] {
  const on = new Option(`--${flag}`, describe(option)).hideHelp(option.default === true);
  const off = new Option(
    `--no-${flag}`,
    option.helpOff === undefined ? `do not: ${describe(option)}` : lowerFirst(option.helpOff),
  ).hideHelp(option.default === false);
  return [on, off];
}

function describe(option: ConfigOption<unknown>): string {
  const help = lowerFirst(option.help);
  const isBoolean = option.type.placeholder === undefined;
  const hasDefault = option.defaultText !== undefined || option.type.toText(option.default) !== '';
  return isBoolean || !hasDefault ? help : `${help} (default: ${defaultOf(option)})`;
}

function lowerFirst(text: string): string {
  return text.replace(/^[A-Z](?=[a-z ])/, letter => letter.toLowerCase());
}

function flagValues(command: Command): FlagValues {
  const values = new Map<string, readonly string[] | string | boolean>();
  for (const { id, option } of optionEntries) {
    if (option.flag === undefined) continue;
    const name = new Option(`--${option.flag}`).attributeName();
    const value: unknown = command.opts()[name];
    // commander presets what has only a `--no-` form; what was not given counts as not set.
    if (command.getOptionValueSource(name) !== 'cli') continue;
    if (typeof value === 'string' || typeof value === 'boolean' || isTexts(value)) values.set(id, value);
  }
  const level = levelOf(command);
  if (level === undefined) return values;
  if (values.has('log.level')) throw new UsageError('-v and -q set what --log-level sets: give one of them');
  return values.set('log.level', level);
}

function levelOf(command: Command): string | undefined {
  const { verbose, quiet } = command.opts();
  if (verbose && quiet) throw new UsageError('-v and -q contradict each other: give one of them');
  return verbose ? 'debug' : quiet ? 'warn' : undefined;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(each => typeof each === 'string');
}

import type { Command } from 'commander';
import { configJsonSchema } from '../../config/json-schema.ts';
import { describeOrigin } from '../../config/layer.ts';
import { type LoadedConfig, valueIn } from '../../config/load-config.ts';
import { type OptionEntry, optionEntries } from '../../config/options.ts';
import { addConfigFlags, loadConfigOf } from '../config-flags.ts';
import type { CliContext } from '../context.ts';
import { jsonOutput } from '../json-output.ts';
import { printable } from '../render/printable.ts';
import { renderTable } from '../render/table.ts';

export function addConfigCommand(program: Command, context: CliContext): void {
  const command = program
    .command('config')
    .summary('print the merged configuration, and where each value came from')
    .description(
      'Prints what a mount would be configured with, from defaults, file, environment and the flags given here, and where each ' +
        'value came from. Secrets are not printed.',
    )
    .option('--json', 'print JSON')
    .option('--schema', 'print the JSON Schema of a configuration file, for editors');
  addConfigFlags(command).action(({ json, schema }: { json?: true; schema?: true }) => {
    if (schema) return context.out.line(JSON.stringify(configJsonSchema(), null, 2));
    const loaded = loadConfigOf(command, context);
    if (json) return context.out.line(jsonOutput('config', { file: loaded.file ?? null, options: jsonRows(loaded) }));
    for (const warning of loaded.warnings) context.err.line(printable(`torrent-fuse: ${warning}`));
    for (const line of renderTable(columns, rows(loaded))) context.out.line(line);
    return undefined;
  });
}

const columns = [{ title: 'OPTION' }, { title: 'VALUE' }, { title: 'FROM' }];

function rows(loaded: LoadedConfig): string[][] {
  return optionEntries.map(entry => [entry.id, printable(shownValue(loaded, entry)), originOf(loaded, entry)]);
}

/** By `section.key`; values as they would be written in a file, null where there is none. */
function jsonRows(loaded: LoadedConfig): Record<string, JsonRow> {
  const all = optionEntries.map(entry => {
    const value = valueIn(loaded.config, entry.section, entry.property);
    const isStructured = typeof value === 'boolean' || Array.isArray(value);
    const row: JsonRow = {
      value: isStructured ? value : shownValue(loaded, entry) || null,
      from: originOf(loaded, entry),
    };
    return [entry.id, row] as const;
  });
  return Object.fromEntries(all);
}

interface JsonRow {
  readonly value: string | boolean | string[] | null;
  readonly from: string;
}

function shownValue({ config }: LoadedConfig, { section, property, option }: OptionEntry): string {
  const value = valueIn(config, section, property);
  if (option.secret) return value === undefined ? '' : '(set)';
  return option.type.toText(value).replaceAll('\n', ', ');
}

function originOf({ origins }: LoadedConfig, { id }: OptionEntry): string {
  return describeOrigin(origins.get(id) ?? { kind: 'default' });
}

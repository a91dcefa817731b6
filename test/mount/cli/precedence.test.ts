import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonOutputs } from '../../../src/cli/json-output.ts';
import { negatedEnvironmentName } from '../../../src/config/option.ts';
import { type OptionEntry, optionEntries } from '../../../src/config/options.ts';
import { samplesOf } from '../../config/samples.ts';
import { createScratchFolder, removeScratchFolder } from '../harness/scratch.ts';
import { cleanEnvironment, torrentFuse } from './cli.ts';

/** Where an option can be set, the weakest first. */
const places = ['file', 'environment', 'flag'] as const;
type Place = (typeof places)[number];

/** Every option at once is set in all of these places. */
const combinations: readonly (readonly Place[])[] = [
  [],
  ['file'],
  ['environment'],
  ['flag'],
  ['file', 'environment'],
  ['file', 'flag'],
  ['environment', 'flag'],
  ['file', 'environment', 'flag'],
];

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await createScratchFolder();
  file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify(fileContent()), { mode: 0o600 });
});
afterAll(() => removeScratchFolder(folder));

interface Row {
  readonly value: string | boolean | readonly string[] | null;
  readonly from: string;
}

/** What `config --json` says of every option, and all that it printed. */
async function configured(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<{ rows: Readonly<Record<string, Row>>; printed: string }> {
  // Neither the home nor the working directory holds a file that would be found.
  const env = cleanEnvironment({ HOME: folder, ...environment });
  const { code, stdout, stderr } = await torrentFuse(['config', '--json', ...args], { env, cwd: folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return { rows: jsonOutputs.config.parse(JSON.parse(stdout)).options, printed: stdout };
}

/** What a place says, as it is written there; each place contradicts the one before it. */
function written({ id, option }: OptionEntry, place: Place): string {
  if (option.secret) return `${id} of the ${place}`;
  if (option.type.placeholder === undefined) return String(place === 'environment' ? option.default : !option.default);
  const samples = samplesOf(option);
  return samples[places.indexOf(place)] ?? samples[0];
}

function fileContent(): Record<string, Record<string, unknown>> {
  const content: Record<string, Record<string, unknown>> = {};
  for (const entry of optionEntries) {
    const { section, option } = entry;
    const text = written(entry, 'file');
    content[section] ??= {};
    content[section][option.key] = option.type.list
      ? [text]
      : option.type.placeholder === undefined
        ? text === 'true'
        : text;
  }
  return content;
}

function flagFor(entry: OptionEntry): string[] {
  const { flag, type } = entry.option;
  if (flag === undefined) return [];
  const text = written(entry, 'flag');
  if (type.placeholder === undefined) return [text === 'true' ? `--${flag}` : `--no-${flag}`];
  return [`--${flag}=${text}`];
}

function expectedRow(entry: OptionEntry, set: readonly Place[]): Row {
  const { option } = entry;
  const place = set.filter(each => each !== 'flag' || option.flag !== undefined).at(-1);
  if (place === undefined) return { value: shown(entry, option.type.toText(option.default)), from: 'default' };
  const from = { file, environment: option.env, flag: flagFor(entry)[0]?.split('=')[0] ?? '' }[place];
  return { value: option.secret ? '(set)' : shown(entry, written(entry, place)), from };
}

function shown({ option: { type } }: OptionEntry, text: string): Row['value'] {
  if (type.placeholder === undefined) return text === 'true';
  if (type.list) return text === '' ? [] : [text];
  return text === '' ? null : type.toText(type.fromText(text, folder));
}

function variables(): NodeJS.ProcessEnv {
  return Object.fromEntries(optionEntries.map(entry => [entry.option.env, written(entry, 'environment')]));
}

describe('every option', () => {
  it.each(combinations.map(set => ({ set, name: set.join(', ') || 'nowhere' })))('set $name', async ({ set }) => {
    const args = [
      ...(set.includes('file') ? [`--config=${file}`] : []),
      ...(set.includes('flag') ? optionEntries.flatMap(flagFor) : []),
    ];
    const { rows, printed } = await configured(args, set.includes('environment') ? variables() : {});
    expect(rows).toEqual(Object.fromEntries(optionEntries.map(entry => [entry.id, expectedRow(entry, set)])));
    expect(printed).not.toMatch(/of the (file|environment)/);
  });
});

it('a secret has no flag, and giving one does not echo its value', async () => {
  const secrets = optionEntries.filter(({ option }) => option.secret);
  expect(secrets.map(({ id }) => id)).toEqual(['rqbit.user', 'rqbit.password', 'http.token']);
  for (const { section, option } of secrets) {
    const { code, stdout, stderr } = await torrentFuse(['config', `--${section}-${option.key}=hush`]);
    expect(code).toBe(2);
    expect(stdout + stderr).toMatch(/unknown option/);
    expect(stdout + stderr).not.toContain('hush');
  }
});

it('a boolean is turned off by its negated variable, which a flag beats', async () => {
  const negated = optionEntries.filter(({ option }) => negatedEnvironmentName(option) !== undefined);
  const env = Object.fromEntries(negated.map(({ option }) => [negatedEnvironmentName(option), '1']));
  const { rows } = await configured(['--dht'], env);
  for (const { id, option } of negated) {
    const expected =
      id === 'engine.dht' ? { value: true, from: '--dht' } : { value: false, from: negatedEnvironmentName(option) };
    expect({ id, ...rows[id] }).toEqual({ id, ...expected });
  }
});

it('-v and -q stand for a log level, and beat the environment', async () => {
  const env = { TORRENT_FUSE_LOG_LEVEL: 'error' };
  expect((await configured(['-v'], env)).rows['log.level']?.value).toBe('debug');
  expect((await configured(['-q'], env)).rows['log.level']?.value).toBe('warn');
});

import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { parse as parseYaml } from 'yaml';
import { messageOf } from '../util/error-facts.ts';
import { ConfigError } from './errors.ts';

/** A parsed configuration file, not yet checked against the options. */
export interface ConfigFile {
  readonly path: string;
  readonly content: Readonly<Record<string, unknown>>;
  /** Others than its owner may read it. */
  readonly isReadableByOthers: boolean;
}

export interface FileSearch {
  /** `--config`; then nothing is searched for. */
  readonly explicitPath: string | undefined;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The effective user. A file in the working directory counts only if it belongs to that user: anybody may put one into /tmp. */
  readonly uid: number;
  /** Where the machine's own file lies. */
  readonly systemDirectory?: string;
}

export interface FoundFile {
  readonly file: ConfigFile | undefined;
  readonly warnings: readonly string[];
}

const parsers: Readonly<Record<string, (text: string) => unknown>> = {
  toml: parseToml,
  yaml: parseYaml,
  yml: parseYaml,
  json: JSON.parse,
};
const extensions = Object.keys(parsers);

/** No configuration is this long; what is, is some other file. */
const maxFileBytes = 1 << 20;

/** The first file of the search path, and only that one. @throws ConfigError */
export function findConfigFile(search: FileSearch): FoundFile {
  if (search.explicitPath !== undefined) return { file: readConfigFile(search.explicitPath), warnings: [] };
  const warnings: string[] = [];
  for (const place of searchPath(search)) {
    const path = onlyFileOf(place.stem);
    if (path === undefined) continue;
    if (place.mustBeOwn && statSync(path).uid !== search.uid) {
      warnings.push(`${path} is not read because it belongs to another user; name it with --config if you trust it`);
      continue;
    }
    return { file: readConfigFile(path), warnings };
  }
  return { file: undefined, warnings };
}

function searchPath({ directory, environment, systemDirectory = '/etc/torrent-fuse' }: FileSearch) {
  const configHome = environment['XDG_CONFIG_HOME'] || join(environment['HOME'] || homedir(), '.config');
  return [
    { stem: join(directory, 'torrent-fuse'), mustBeOwn: true },
    { stem: join(configHome, 'torrent-fuse', 'config'), mustBeOwn: false },
    { stem: join(systemDirectory, 'config'), mustBeOwn: false },
  ];
}

/** The file of that name in whichever format. @throws ConfigError when there are two */
function onlyFileOf(stem: string): string | undefined {
  const [first, second] = extensions.map(extension => `${stem}.${extension}`).filter(isFile);
  if (second !== undefined) {
    throw new ConfigError(`there are two configuration files in one place, ${first} and ${second}: keep one`);
  }
  return first;
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function readConfigFile(path: string): ConfigFile {
  const extension = /\.([a-z]+)$/.exec(path)?.[1] ?? '';
  const parse = parsers[extension];
  if (!parse) throw new ConfigError(`${path}: a configuration file ends in .toml, .yaml, .yml or .json`);
  const { text, isReadableByOthers } = readText(path);
  let content: unknown;
  try {
    content = text.trim() === '' ? {} : parse(text);
  } catch (error) {
    throw new ConfigError(`${path} is no valid ${extension.toUpperCase()}: ${firstLine(error)}`, { cause: error });
  }
  // A YAML file of nothing but comments.
  if (content === null) content = {};
  if (!isTable(content)) throw new ConfigError(`${path}: sections such as "read" are expected at the top`);
  return { path, content, isReadableByOthers };
}

function readText(path: string): { text: string; isReadableByOthers: boolean } {
  try {
    const { size, mode } = statSync(path);
    if (size > maxFileBytes) throw new ConfigError(`${path} is longer than a configuration can be (1 MiB)`);
    return { text: readFileSync(path, 'utf8'), isReadableByOthers: (mode & 0o077) !== 0 };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`the configuration file ${path} cannot be read: ${firstLine(error)}`, { cause: error });
  }
}

/** A section, or the whole of a file. */
export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function firstLine(error: unknown): string {
  return String(messageOf(error)).split('\n')[0] ?? '';
}

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/errors.ts';
import type { FlagValues } from '../../src/config/flag-layer.ts';
import { describeOrigin } from '../../src/config/layer.ts';
import {
  type ConfigInput,
  defaultConfig,
  loadConfig,
  unhonouredOptions,
  valueIn,
} from '../../src/config/load-config.ts';
import { negatedEnvironmentName } from '../../src/config/option.ts';
import { optionEntries } from '../../src/config/options.ts';
import { samplesOf } from './samples.ts';

let root: string;
let directory: string;
const uid = process.getuid?.() ?? 0;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'torrent-fuse-config-'));
  directory = join(root, 'cwd');
  mkdirSync(directory);
});
afterEach(() => rmSync(root, { recursive: true }));

function load(input: Partial<ConfigInput> & { env?: Record<string, string> } = {}) {
  return loadConfig({
    flags: new Map(),
    configPath: undefined,
    environment: { XDG_CONFIG_HOME: join(root, 'xdg'), ...input.env },
    directory,
    uid,
    systemDirectory: join(root, 'etc'),
    ...input,
  });
}

function write(path: string, content: string): string {
  const absolute = join(root, path);
  mkdirSync(join(absolute, '..'), { recursive: true });
  writeFileSync(absolute, content);
  return absolute;
}

describe('precedence', () => {
  it.each(optionEntries)('of $id is default, file, environment, flag', entry => {
    const { option, id, section, property } = entry;
    const [fromFile, fromEnvironment = fromFile, fromFlag = fromFile] = samplesOf(option);
    const isBoolean = option.type.placeholder === undefined;
    const fileValue = isBoolean ? fromFile === 'true' : option.type.list ? [fromFile] : fromFile;
    const file = write('config.json', JSON.stringify({ [section]: { [option.key]: fileValue } }));
    const flagValue = isBoolean ? fromFlag === 'true' : option.type.list ? [fromFlag] : fromFlag;

    fc.assert(
      fc.property(fc.subarray(['file', 'environment', 'flag'] as const), places => {
        const withFlag = places.includes('flag') && option.flag !== undefined;
        const { config, origins } = load({
          configPath: places.includes('file') ? file : undefined,
          env: places.includes('environment') ? { [option.env]: fromEnvironment } : {},
          flags: withFlag ? new Map([[id, flagValue]]) : new Map(),
        });
        const kinds = places.filter(place => place !== 'flag' || withFlag);
        const winner = kinds.at(-1) ?? 'default';
        const expected = { default: option.default, file: fromFile, environment: fromEnvironment, flag: fromFlag }[
          winner
        ];
        const value = valueIn(config, section, property);
        expect(winner === 'default' ? value : option.type.toText(value)).toEqual(expected);
        expect(origins.get(id)?.kind).toBe(winner);
      }),
      { numRuns: 30 },
    );
  });

  it('takes the negated variable of a boolean', () => {
    for (const { option, section, property } of optionEntries) {
      const name = negatedEnvironmentName(option);
      if (!name) continue;
      expect(valueIn(load({ env: { [name]: '1' } }).config, section, property)).toBe(false);
      expect(valueIn(load({ env: { [name]: '0' } }).config, section, property)).toBe(true);
    }
  });

  it('refuses a boolean and its negation together', () => {
    expect(() => load({ env: { TORRENT_FUSE_DHT: '1', TORRENT_FUSE_NO_DHT: '1' } })).toThrow('contradict');
    expect(load({ env: { TORRENT_FUSE_DHT: '0', TORRENT_FUSE_NO_DHT: '1' } }).config.engine.dht).toBe(false);
  });

  it('lets a list replace the one before it', () => {
    const flags: FlagValues = new Map([['engine.peers', ['a:1', 'b:2']]]);
    expect(load({ env: { TORRENT_FUSE_PEER: 'c:3, d:4' }, flags }).config.engine.peers).toEqual(['a:1', 'b:2']);
    expect(load({ env: { TORRENT_FUSE_PEER: 'c:3, d:4' } }).config.engine.peers).toEqual(['c:3', 'd:4']);
  });

  it('does not count a variable that is set to nothing', () => {
    expect(load({ env: { TORRENT_FUSE_CACHE_SIZE: '' } }).config).toEqual(defaultConfig);
  });
});

describe('files', () => {
  const toml = '[read]\ntimeout = "7s"\n[cache]\nsize = 16777216\n';
  const yaml = 'read:\n  timeout: 7s\ncache: { size: 16M }\n';
  const json = '{"$schema": "x", "read": {"timeout": 7}, "cache": {"size": "16M"}}';

  it.each([
    ['toml', toml],
    ['yaml', yaml],
    ['yml', yaml],
    ['json', json],
  ])('are read in %s', (extension, content) => {
    const path = write(`xdg/torrent-fuse/config.${extension}`, content);
    const { config, file, origins } = load();
    expect(file).toBe(path);
    expect(config.read.timeoutMs).toBe(7000);
    expect(config.cache.sizeBytes).toBe(16 * 2 ** 20);
    expect(describeOrigin(origins.get('cache.size') ?? { kind: 'default' })).toBe(path);
  });

  it('are searched for in the working directory, then the home, then the system, and only the first is read', () => {
    const system = write('etc/config.toml', '[log]\nlevel = "warn"\n');
    expect(load().file).toBe(system);
    const home = write('xdg/torrent-fuse/config.yaml', '');
    expect(load()).toMatchObject({ file: home, config: defaultConfig });
    const here = write('cwd/torrent-fuse.json', '{}');
    expect(load().file).toBe(here);
    const explicit = write('other.toml', '');
    expect(load({ configPath: explicit }).file).toBe(explicit);
    expect(load({ env: { TORRENT_FUSE_CONFIG: explicit } }).file).toBe(explicit);
  });

  it('in the working directory are passed over, with a warning, when they belong to somebody else', () => {
    const here = write('cwd/torrent-fuse.toml', '[log]\nlevel = "warn"\n');
    const { file, warnings } = load({ uid: uid + 1 });
    expect(file).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining(here)]);
  });

  it('that hold a secret and can be read by others are warned of', () => {
    const path = write('secret.toml', '[rqbit]\npassword = "hunter2"\n');
    chmodSync(path, 0o644);
    expect(load({ configPath: path }).warnings).toEqual([
      `${path} holds rqbit.password and can be read by others: chmod 600 ${path}`,
    ]);
    chmodSync(path, 0o600);
    expect(load({ configPath: path }).warnings).toEqual([]);
  });

  it('have their relative paths start from their own directory', () => {
    const path = write('conf/a.toml', '[engine]\ndata_dir = "data"\n[torrents]\nsources = ["a.torrent"]\n');
    const { config } = load({ configPath: path });
    expect(config.engine.dataDir).toBe(join(root, 'conf/data'));
    expect(config.torrents.sources).toEqual([join(root, 'conf/a.torrent')]);
  });

  it.each([
    [
      'an unknown key',
      'a.toml',
      '[read]\ntimeuot = "7s"\n',
      /read\.timeuot in .*a\.toml is no option; did you mean read\.timeout\?/,
    ],
    ['an unknown section', 'a.toml', '[raed]\ntimeout = "7s"\n', /raed in .* did you mean read\?/],
    [
      'a key far from any',
      'a.toml',
      '[read]\nkitchen_sink = 1\n',
      /read\.kitchen_sink in .* see 'torrent-fuse config'/,
    ],
    ['a value in place of a section', 'a.yaml', 'read: 7\n', /read in .* is a section/],
    ['a wrong type', 'a.json', '{"cache": {"size": true}}', /cache\.size in .*: true is no number/],
    ['a number where text belongs', 'a.json', '{"rqbit": {"binary": 3}}', /rqbit\.binary in .*: 3 is no text/],
    ['a text where a list belongs', 'a.yaml', 'engine: {peers: "a:1"}\n', /engine\.peers in .*: "a:1" is no list/],
    ['broken TOML', 'a.toml', '[read\n', /a\.toml is no valid TOML/],
    ['broken YAML', 'a.yaml', 'read: [\n', /a\.yaml is no valid YAML/],
    ['broken JSON', 'a.json', '{', /a\.json is no valid JSON/],
    ['a list at the top', 'a.json', '[]', /sections such as "read" are expected/],
    ['another format', 'a.ini', '', /ends in \.toml, \.yaml, \.yml or \.json/],
  ])('with %s are refused', (_, name, content, message) => {
    const path = write(name, content);
    expect(() => load({ configPath: path })).toThrow(ConfigError);
    expect(() => load({ configPath: path })).toThrow(message);
  });

  it('that do not exist are refused only when they were named', () => {
    expect(() => load({ configPath: join(root, 'none.toml') })).toThrow(/none\.toml cannot be read: ENOENT/);
    expect(load().file).toBeUndefined();
  });

  it('in two formats in one place are refused', () => {
    write('etc/config.toml', '');
    write('etc/config.json', '{}');
    expect(() => load()).toThrow(/two configuration files in one place, .*config\.toml and .*config\.json/);
  });
});

describe('wrong values', () => {
  it.each([
    ['read.timeout', 'soon', '--read-timeout: "soon" is no duration: write 30s, 500ms or 5m'],
    ['read.timeout', '0s', '--read-timeout: "0s" is less than 100ms'],
    ['cache.size', '1M', '--cache-size: "1M" is less than 4M'],
    ['cache.size', 'much', '--cache-size: "much" is no size: write 256M, 1G or a number of bytes'],
    ['engine.kind', 'aria2', '--engine: "aria2" is none of auto, embedded, rqbit'],
    ['engine.listen_port', '70000', '--listen-port: "70000" is more than 65535'],
    ['rqbit.url', '127.0.0.1:3030', '--rqbit-url: "127.0.0.1:3030" is no http:// or https:// URL'],
    ['mount.umask', '888', '--umask: "888" is no octal mode: write 022'],
    ['log.level', 'loud', '--log-level: "loud" is none of debug, info, warn, error, silent'],
  ])('of %s are named with their flag: %s', (id, text, message) => {
    expect(() => load({ flags: new Map([[id, text]]) })).toThrow(message);
  });

  it('are named with their variable', () => {
    expect(() => load({ env: { TORRENT_FUSE_STALLED_TIMEOUT: '5 minutes' } })).toThrow(
      'TORRENT_FUSE_STALLED_TIMEOUT: "5 minutes" is no duration',
    );
  });

  it('have a warning when a variable is mistyped', () => {
    expect(
      load({ env: { TORRENT_FUSE_READ_TIMOUT: '5s', TORRENT_FUSE_SOMETHING_ELSE_ENTIRELY: 'x' } }).warnings,
    ).toEqual([
      'the environment variable TORRENT_FUSE_READ_TIMOUT means nothing here; did you mean TORRENT_FUSE_READ_TIMEOUT?',
    ]);
  });
});

describe('options that an engine cannot honour', () => {
  it('are told when they are set, and only then', () => {
    expect(unhonouredOptions(defaultConfig, 'external-rqbit')).toEqual([]);
    const { config } = load({
      flags: new Map([
        ['engine.dht', false],
        ['rqbit.on_demand', true],
      ]),
    });
    expect(unhonouredOptions(config, 'external-rqbit')).toEqual(['--no-dht']);
    expect(unhonouredOptions(config, 'embedded')).toEqual(['--rqbit-on-demand']);
  });
});

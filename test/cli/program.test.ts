import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { completionScript, shells } from '../../src/cli/completion.ts';
import { UsageError } from '../../src/cli/errors.ts';
import { createProgram } from '../../src/cli/program.ts';
import { ConfigError } from '../../src/config/errors.ts';
import { flagText } from '../../src/config/option.ts';
import { optionEntries } from '../../src/config/options.ts';
import { fakeContext, runCli } from './fake-context.ts';

const program = createProgram(fakeContext());
const commandNames = program
  .createHelp()
  .visibleCommands(program)
  .map(command => command.name());

describe('help', () => {
  it.each(commandNames)('of %s says what it does and how it is called', async name => {
    const { out, error } = await runCli([name, '--help']);
    expect(error).toMatchObject({ exitCode: 0 });
    expect(out).toMatch(new RegExp(`^Usage: torrent-fuse ${name}`));
    expect(out).toContain('Options:');
    expect(out).not.toContain('\x1b');
    expect(out.split('\n\n')[1]?.trim()).toMatch(/\.$/);
  });

  it('of the program names every command', async () => {
    const { out } = await runCli(['--help']);
    for (const name of commandNames) expect(out).toContain(`\n  ${name}`);
  });

  it('of mount shows the flag of every option that has one', async () => {
    const { out } = await runCli(['mount', '--help']);
    for (const { option } of optionEntries) {
      const flag = flagText(option);
      if (flag) expect(out).toMatch(new RegExp(`^ +${flag}( |$)`, 'm'));
    }
    expect(out).not.toMatch(/password|ready-fd/i);
  });
});

describe('flags', () => {
  it.each(optionEntries.filter(({ option }) => option.flag))('set $id', async ({ id, option }) => {
    const isBoolean = option.type.placeholder === undefined;
    const args = isBoolean ? [flagText(option) ?? ''] : [`--${option.flag}`, sampleOf(option.type.placeholder ?? '')];
    const { out, error } = await runCli(['config', '--json', ...args]);
    expect(error).toBeUndefined();
    expect(JSON.parse(out).options[id]).toMatchObject({ from: args[0] });
  });

  it('that repeat are collected, and -v and -q set the level', async () => {
    const { out } = await runCli(['config', '--json', '--peer', 'a:1', '--peer', 'b:2', '-v']);
    expect(JSON.parse(out).options['engine.peers']).toEqual({ value: ['a:1', 'b:2'], from: '--peer' });
    expect(JSON.parse(out).options['log.level'].value).toBe('debug');
    const quiet = await runCli(['config', '--json', '-q']);
    expect(JSON.parse(quiet.out).options['log.level'].value).toBe('warn');
  });

  it.each([
    [['config', '-v', '-q'], 'contradict'],
    [['config', '-v', '--log-level', 'warn'], 'give one of them'],
  ])('that contradict each other are refused', async (args, message) => {
    const { error } = await runCli(args);
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toContain(message);
  });

  it('that do not exist are refused, naming the nearest', async () => {
    const { error } = await runCli(['mount', '--read-timout', '5s', '/mnt/x']);
    expect(error).toBeInstanceOf(CommanderError);
    expect(String(error)).toContain('Did you mean --read-timeout?');
  });
});

function sampleOf(placeholder: string): string {
  const samples: Record<string, string> = {
    'HOST:PORT': '127.0.0.1:1',
    URL: 'http://127.0.0.1',
    SIZE: '8M',
    TIME: '9s',
    OCTAL: '022',
    IP: '::1',
    PORT: '7',
    N: '7',
    UID: '7',
    GID: '7',
  };
  return samples[placeholder] ?? placeholder.split('|').at(-1) ?? '';
}

describe('config', () => {
  it('prints every option, its value and its origin, and no secret', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'torrent-fuse-cli-'));
    try {
      const file = join(folder, 'a.toml');
      writeFileSync(file, '[read]\ntimeout = "5s"\n', { mode: 0o600 });
      const environment = { TORRENT_FUSE_RQBIT_PASSWORD: 'hunter2', TORRENT_FUSE_CACHE_SIZE: '64M' };
      const { out } = await runCli(['config', '--config', file], { environment });
      expect(out).toMatch(new RegExp(`^read\\.timeout +5s +${file}$`, 'm'));
      expect(out).toMatch(/^cache\.size +64M +TORRENT_FUSE_CACHE_SIZE$/m);
      expect(out).toMatch(/^rqbit\.password +\(set\) +TORRENT_FUSE_RQBIT_PASSWORD$/m);
      expect(out).not.toContain('hunter2');
      const json = await runCli(['config', '--json'], { environment });
      expect(json.out).not.toContain('hunter2');
      expect(JSON.parse(json.out)).toMatchObject({ schema_version: 1, file: null });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('fails with the name of the wrong setting', async () => {
    const { error } = await runCli(['config'], { environment: { TORRENT_FUSE_CACHE_SIZE: 'much' } });
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain('TORRENT_FUSE_CACHE_SIZE: "much" is no size');
  });
});

describe('mount', () => {
  it.each([
    [[], 'no mount point given'],
    [['magnet:?xt=urn:btih:abc'], 'the last operand is the mount point'],
    [['a.torrent', 'https://example.org/b.torrent'], 'the last operand is the mount point'],
  ])('is refused when the operands are %j', async (operands, message) => {
    const { error } = await runCli(['mount', ...operands]);
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toContain(message);
  });
});

describe('completion', () => {
  it.each(shells)('for %s knows every command, every option of mount, and the values of choices', shell => {
    const script = completionScript(shell, program);
    for (const name of commandNames) expect(script).toContain(name);
    expect(script).toContain('embedded rqbit');
    expect(script).toContain('read-ahead');
    expect(script).not.toMatch(/ready-fd|mount-helper/);
  });

  it('for bash completes commands, options and values', () => {
    const script = completionScript('bash', program);
    const complete = (...words: string[]) => {
      const setUp = `COMP_WORDS=(${words.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; compopt() { :; }`;
      const output = execFileSync('bash', [
        '-c',
        `${script}\n${setUp}; _torrent_fuse; printf '%s\\n' "\${COMPREPLY[@]}"`,
      ]);
      return output.toString().trim().split('\n');
    };
    expect(complete('torrent-fuse', 'um')).toEqual(['umount']);
    expect(complete('torrent-fuse', 'mount', '--read-t')).toEqual(['--read-timeout']);
    expect(complete('torrent-fuse', 'mount', '--engine', 'em')).toEqual(['embedded']);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../src/cli/program.ts';
import { fakeContext } from '../../cli/fake-context.ts';
import { cleanEnvironment, torrentFuse } from './cli.ts';

const program = createProgram(fakeContext());
const commands = program
  .createHelp()
  .visibleCommands(program)
  .map(command => command.name());
const packageJson = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
const escapeCode = '\u001b';

describe('the built command line', () => {
  it('says its version', async () => {
    expect(await torrentFuse(['--version'])).toMatchObject({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' });
  });

  it.each([[[]], ...commands.map(name => [[name]])])(
    'prints help for %j, without escape codes on a pipe',
    async words => {
      const { code, stdout, stderr } = await torrentFuse([...words, '--help']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain(`Usage: torrent-fuse ${words.join(' ')}`);
      expect(stdout).not.toContain(escapeCode);
    },
  );

  it.each([
    [['mont', '/x'], /unknown command 'mont' \(Did you mean mount\?\); see --help/],
    [['umount'], /missing required argument 'MOUNTPOINT'/],
    [['status', '--json', '--watch'], /give one of them/],
    [['status', '--watch'], /--watch needs a terminal/],
    [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/],
    [['set', '/x', 'colour=red'], /"colour" is no setting/],
    [['config', '--engine', 'aria2'], /--engine: "aria2" is none of/],
  ])('exits with 2 for wrong usage: %j', async (args, message) => {
    const { code, stdout, stderr } = await torrentFuse(args);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it.each([
    [['umount', '/nowhere'], /nothing is mounted at \/nowhere/],
    [['umount', '/proc'], /\/proc is a mount of type proc, not one of torrent-fuse/],
    [['list', '/tmp'], /nothing is mounted at \/tmp/],
    [['status', '/tmp'], /nothing is mounted at \/tmp/],
    [['add', '/tmp', 'a.torrent'], /nothing is mounted at \/tmp/],
    [['explain', '/tmp/a'], /\/tmp\/a is in no torrent-fuse mount/],
    [['set', '/tmp/a', 'pin=yes'], /\/tmp\/a is in no torrent-fuse mount/],
  ])('exits with 1 where there is no mount: %j', async (args, message) => {
    const { code, stderr } = await torrentFuse(args);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  });

  it('shows no secret, wherever it comes from', async () => {
    const env = cleanEnvironment({ TORRENT_FUSE_RQBIT_PASSWORD: 'hunter2', TORRENT_FUSE_HTTP_TOKEN: 'sesame' });
    for (const args of [['config'], ['config', '--json'], ['doctor']]) {
      const { stdout, stderr } = await torrentFuse(args, { env });
      expect(stdout + stderr).not.toMatch(/hunter2|sesame/);
    }
  });
});

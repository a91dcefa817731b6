import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { codeOf, messageOf } from '../../util/error-facts.ts';
import type { CliContext } from '../context.ts';
import { CommandError } from '../errors.ts';
import { type InstallTarget, installService, uninstallService } from '../service/install.ts';

interface InstallOptions {
  readonly user?: true;
  readonly uninstall?: true;
  readonly root?: string;
}

export function addInstallServiceCommand(program: Command, context: CliContext): void {
  program
    .command('install-service')
    .summary('write a systemd unit, and helpers for /etc/fstab')
    .description(
      'As root writes the unit template torrent-fuse@.service, and the helpers with which mount(8) and /etc/fstab know the type ' +
        'torrent-fuse. With --user writes a unit template for yourself. Nothing is started.',
    )
    .option('--user', 'for yourself, in ~/.config/systemd/user')
    .option('--uninstall', 'remove what this command wrote')
    .option('--root <DIR>', 'write below this folder, to build a package', '/')
    .addHelpText('after', examples)
    .action(async (options: InstallOptions) => {
      const node = await realpath(process.execPath);
      const script = await realpath(context.script);
      if (script.includes('/_npx/')) {
        throw new CommandError(
          'npx keeps this program only for a while; install it first: npm install --global torrent-fuse',
        );
      }
      const work = options.uninstall ? uninstallService : installService;
      const paths = await work({ node, nodeOptions: process.execArgv, script }, targetOf(options, context)).catch(
        explainFailure,
      );
      for (const path of paths) context.out.line(`${options.uninstall ? 'removed' : 'wrote'}: ${path}`);
      if (!options.uninstall) context.out.line(nextSteps(options.user === true));
    });
}

function targetOf({ user, root = '/' }: InstallOptions, { environment, directory }: CliContext): InstallTarget {
  const configHome = environment['XDG_CONFIG_HOME'] || join(environment['HOME'] ?? '/root', '.config');
  return { root: resolve(directory, root), userConfigHome: user ? configHome : undefined };
}

function explainFailure(error: unknown): never {
  if (!['EACCES', 'EPERM'].includes(codeOf(error) ?? '')) throw error;
  throw new CommandError(`${messageOf(error)}; run this as root, or with --user for yourself`, { cause: error });
}

function nextSteps(isForUser: boolean): string {
  const systemctl = isForUser ? 'systemctl --user' : 'systemctl';
  const mountpoint = isForUser ? '"$HOME/torrents"' : '/mnt/torrents';
  return `Next: ${systemctl} daemon-reload && ${systemctl} enable --now "torrent-fuse@$(systemd-escape -p ${mountpoint}).service"`;
}

const examples = `
Examples:
  torrent-fuse install-service
  systemctl enable --now "torrent-fuse@$(systemd-escape -p /mnt/torrents).service"

A line of /etc/fstab, after that:
  none  /mnt/torrents  fuse.torrent-fuse  nofail,_netdev,allow_other  0  0`;

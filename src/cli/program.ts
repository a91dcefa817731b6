import { Command } from 'commander';
import { packageVersion } from '../util/package-version.ts';
import { addAddCommand } from './commands/add-command.ts';
import { addCompletionCommand } from './commands/completion-command.ts';
import { addConfigCommand } from './commands/config-command.ts';
import { addDemoCommand } from './commands/demo-command.ts';
import { addDoctorCommand } from './commands/doctor-command.ts';
import { addExplainCommand } from './commands/explain-command.ts';
import { addInstallServiceCommand } from './commands/install-service-command.ts';
import { addListCommand } from './commands/list-command.ts';
import { addMountCommand } from './commands/mount-command.ts';
import { addMountHelperCommand } from './commands/mount-helper-command.ts';
import { addSetCommand } from './commands/set-command.ts';
import { addStatusCommand } from './commands/status-command.ts';
import { addTorrentCommands } from './commands/torrent-commands.ts';
import { addUmountCommand } from './commands/umount-command.ts';
import type { CliContext } from './context.ts';

/** The whole command line. Parsing it runs the command, which throws what it fails with. */
export function createProgram(context: CliContext): Command {
  const program = new Command('torrent-fuse')
    .description('Mounts torrents as ordinary read-only files.')
    .version(packageVersion, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .configureHelp({ helpWidth: Math.min(context.out.columns, 120), sortSubcommands: false })
    .addHelpText('after', examples)
    .exitOverride()
    .configureOutput({
      writeOut: text => context.out.write(text),
      writeErr: text => context.err.write(text),
      // Errors are thrown, and written by whoever catches them.
      outputError: () => {},
    });
  const add = [
    addMountCommand,
    addUmountCommand,
    addStatusCommand,
    addListCommand,
    addAddCommand,
    addTorrentCommands,
    addSetCommand,
    addExplainCommand,
    addConfigCommand,
    addDoctorCommand,
    addDemoCommand,
    addCompletionCommand,
    addInstallServiceCommand,
    addMountHelperCommand,
  ];
  for (const addCommand of add) addCommand(program, context);
  return program;
}

const examples = `
Examples:
  torrent-fuse demo
  torrent-fuse mount ubuntu.torrent 'magnet:?xt=urn:btih:…' ~/torrents
  torrent-fuse umount ~/torrents

Documentation: https://www.npmjs.com/package/torrent-fuse`;

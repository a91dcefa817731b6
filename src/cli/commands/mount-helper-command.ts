import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { mountArguments } from '../service/mount-helper-arguments.ts';

/** What `/sbin/mount.torrent-fuse` calls; not for people. */
export function addMountHelperCommand(program: Command, _context: CliContext): void {
  program
    .command('mount-helper', { hidden: true })
    .description('Mounts for mount(8) and /etc/fstab.')
    .usage('SOURCE DIR [-sfnv] [-t TYPE] [-o OPTIONS]')
    .argument('[arguments...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (args: string[]) => {
      const mount = mountArguments(args);
      if (mount) await program.parseAsync(mount, { from: 'user' });
    });
}

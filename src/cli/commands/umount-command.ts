import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { unmount } from '../unmount.ts';

export function addUmountCommand(program: Command, context: CliContext): void {
  program
    .command('umount')
    .alias('unmount')
    .summary('take a mount down')
    .description(
      'Unmounts, and returns when the process behind the mount is gone. While files of the mount are open it refuses, and ' +
        'says who holds them. The mount point that a killed process left behind is cleaned.',
    )
    .argument('<MOUNTPOINT>', 'the folder it is mounted at')
    .option('-f, --force', 'cancel waiting reads and unmount although files are open')
    .action(async (mountpoint: string, { force = false }: { force?: boolean }) => {
      context.out.line(`unmounted: ${await unmount(mountpoint, { force })}`);
    });
}

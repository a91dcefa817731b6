import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { CommandError } from '../errors.ts';
import { MountAccess, MountAccessError } from '../mount-access.ts';
import { locate } from '../path-location.ts';

export function addExplainCommand(program: Command, context: CliContext): void {
  program
    .command('explain')
    .summary('say why a file is slow or cannot be read')
    .description(
      'Says why a file of a mount is slow or cannot be read: which pieces are missing, who has them, what the engine does, and what to try.',
    )
    .argument('<PATH>', 'a file in the mount')
    .option('--json', 'print JSON')
    .action(async (path: string, { json }: { json?: true }) => {
      const { mountpoint, relativePath } = locate(path, context);
      const folder = json ? '.torrent-fuse/why-json' : '.torrent-fuse/why';
      const text = await new MountAccess(mountpoint).read(`${folder}/${relativePath}`).catch(error => {
        throw explainFailure(error, path);
      });
      context.out.write(text.endsWith('\n') ? text : `${text}\n`);
    });
}

function explainFailure(error: unknown, path: string): unknown {
  if (!(error instanceof MountAccessError)) return error;
  if (error.code === 'ENOENT') return new CommandError(`${path} is no file of the mount`, { cause: error });
  if (error.code === 'EISDIR') return new CommandError(`${path} is a folder: name a file in it`, { cause: error });
  if (error.code === 'TIMEOUT') return new CommandError('the mount does not answer', { cause: error });
  return new CommandError(`${path} cannot be explained: ${error.code}`, { cause: error });
}

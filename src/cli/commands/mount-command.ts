import { resolve } from 'node:path';
import type { Command } from 'commander';
import { addConfigFlags, loadConfigOf } from '../config-flags.ts';
import type { CliContext } from '../context.ts';
import { startDaemon } from '../daemon.ts';
import { UsageError } from '../errors.ts';
import type { MountRequest } from '../mount-request.ts';
import { MountSession } from '../mount-session.ts';
import { ReadyPipe } from '../ready-pipe.ts';

export function addMountCommand(program: Command, context: CliContext): void {
  const command = program
    .command('mount')
    .summary('mount torrents at an empty folder')
    .description(
      'Mounts torrents at an empty folder, and stays until it is unmounted or interrupted (Ctrl-C).\n\n' +
        'A SOURCE is a magnet link, an http(s) URL of a .torrent file, a .torrent file, or an info hash. Torrents that were ' +
        'mounted at this folder before are there again. Nothing is downloaded before it is read, unless --download all says so; ' +
        'an rqbit downloads all that it is given, unless --rqbit-on-demand says otherwise.',
    )
    .usage('[options] [SOURCE...] MOUNTPOINT')
    .argument('[operands...]', 'sources, and last the mount point')
    .option('--daemon', 'return once the mount answers, and serve it in the background')
    .addHelpText('after', examples);
  command.addOption(command.createOption('--ready-fd <FD>').hideHelp());
  addConfigFlags(command).action(async (operands: string[]) => {
    const mountpoint = operands.at(-1);
    if (mountpoint === undefined) {
      throw new UsageError('no mount point given: torrent-fuse mount [SOURCE...] MOUNTPOINT');
    }
    if (/^(magnet:|https?:)/i.test(mountpoint)) {
      throw new UsageError(
        `the last operand is the mount point, and "${mountpoint}" is a source: add a folder after it`,
      );
    }
    const loaded = loadConfigOf(command, context);
    const request = { mountpoint: resolve(context.directory, mountpoint), sources: operands.slice(0, -1), loaded };
    const options = command.opts<{ daemon?: true; readyFd?: string }>();
    if (options.daemon) return startDaemon(request, program.args, context);
    return serve(request, context, options.readyFd);
  });
}

async function serve(request: MountRequest, context: CliContext, readyFd: string | undefined): Promise<void> {
  const readyPipe = readyFd === undefined ? undefined : new ReadyPipe(Number(readyFd));
  try {
    await new MountSession(request, context, readyPipe).run();
  } catch (error) {
    readyPipe?.failed(error);
    throw error;
  }
}

const examples = `
Examples:
  torrent-fuse mount debian.torrent ~/torrents
  torrent-fuse mount --engine rqbit --rqbit-url http://127.0.0.1:3030 --daemon ~/torrents

Every option can also stand in a configuration file or in the environment: see docs/CONFIGURATION.md, or 'torrent-fuse config'.`;

import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { type ControlCommand, control } from '../control.ts';
import { statusAt } from '../mount-inquiry.ts';
import { printable } from '../render/printable.ts';
import { chooseTorrent } from '../torrent-choice.ts';

/** `remove`, `pause` and `resume`: one torrent, one command to the mount. */
export function addTorrentCommands(program: Command, context: CliContext): void {
  torrentCommand(program, 'remove')
    .summary('take a torrent out of a mount, and keep its data')
    .description(
      'Takes a torrent out of a mount. Its data is kept, and adding it again takes them back, unless --delete-data is given. ' +
        'Refused while one of its files is open.',
    )
    .option('--delete-data', 'delete what was downloaded of it, for good')
    .action(async (mountpoint: string, torrent: string, { deleteData = false }: { deleteData?: boolean }) => {
      const told = deleteData ? 'removed, its data is being deleted' : 'removed, its data kept';
      await tell({ mountpoint, torrent, told }, context, named => ({ command: 'remove', torrent: named, deleteData }));
    });
  for (const command of ['pause', 'resume'] as const) {
    torrentCommand(program, command)
      .summary(`${command} the download of a torrent`)
      .description(descriptions[command])
      .action(async (mountpoint: string, torrent: string) => {
        await tell({ mountpoint, torrent, told: `${command}d` }, context, named => ({ command, torrent: named }));
      });
  }
}

const descriptions = {
  pause: 'Stops the download of a torrent. What is there can still be read; what is missing fails at once.',
  resume: 'Goes on with the download of a paused torrent, or of one in error.',
};

interface Order {
  readonly mountpoint: string;
  /** A name or an info hash. */
  readonly torrent: string;
  /** What is said when it is done. */
  readonly told: string;
}

async function tell(
  order: Order,
  context: CliContext,
  commandFor: (infoHash: string) => ControlCommand,
): Promise<void> {
  const status = await statusAt(order.mountpoint);
  const { name, info_hash } = chooseTorrent(status, order.torrent);
  await control(status.mountpoint, commandFor(info_hash || name));
  context.out.line(printable(`${order.told}: ${name}${info_hash && ` (${info_hash})`}`));
}

function torrentCommand(program: Command, name: string): Command {
  return program
    .command(name)
    .argument('<MOUNTPOINT>', 'the mount')
    .argument('<NAME|INFOHASH>', 'the torrent, as list shows it');
}

import type { Command } from 'commander';
import { countInWords } from '../../observe/words.ts';
import { Adding } from '../adding.ts';
import type { CliContext } from '../context.ts';
import { CommandError, SilentFailure } from '../errors.ts';
import { LiveView } from '../live-view.ts';
import { statusAt } from '../mount-inquiry.ts';
import { printable, toColumns } from '../render/printable.ts';
import { sourceFileOf } from '../source-file.ts';
import type { TorrentReport } from '../status-report.ts';
import { StopRequests } from '../stop-requests.ts';

const redrawIntervalMs = 500;

export function addAddCommand(program: Command, context: CliContext): void {
  program
    .command('add')
    .summary('add torrents to a mount')
    .description(
      'Adds torrents to a mount, and waits until their metadata is known. Interrupted (Ctrl-C) it returns at once, and the mount goes on.',
    )
    .argument('<MOUNTPOINT>', 'the mount')
    .argument('<SOURCE...>', 'a magnet link, a URL of a .torrent file, a .torrent file, or an info hash')
    .option('--no-wait', 'return as soon as the mount has taken them')
    .action(async (path: string, sources: string[], { wait }: { wait: boolean }) => {
      const { mountpoint } = await statusAt(path);
      const stop = new StopRequests(['SIGINT', 'SIGTERM']);
      try {
        let failures = 0;
        for (const source of sources) {
          await addOne({ mountpoint, source, wait, signal: stop.inOrder }, context).catch(error => {
            if (!(error instanceof CommandError) || sources.length === 1) throw error;
            failures++;
            context.err.line(printable(`torrent-fuse: ${error.message}`));
          });
        }
        if (failures > 0) throw new SilentFailure();
      } finally {
        stop.release();
      }
    });
}

interface Addition {
  readonly mountpoint: string;
  readonly source: string;
  readonly wait: boolean;
  readonly signal: AbortSignal;
}

async function addOne({ mountpoint, source, wait, signal }: Addition, context: CliContext): Promise<void> {
  const { out } = context;
  const adding = await Adding.start(mountpoint, source, sourceFileOf(source, context.directory));
  if (!wait) return out.line(printable(`taken: ${source}`));
  let known: TorrentReport | undefined;
  const render = () => [toColumns(printable(resolvingLine(source, known)), out.columns - 1)];
  const view = out.isTerminal ? new LiveView(out, render, redrawIntervalMs) : undefined;
  const torrent = await adding
    .settle(signal, progress => {
      known = progress;
    })
    .finally(() => view?.stop());
  const told = torrent ? `added: ${torrent.name} (${torrent.info_hash})` : `still resolving: ${source}`;
  return out.line(printable(told));
}

function resolvingLine(source: string, torrent: TorrentReport | undefined): string {
  const peers = torrent === undefined ? '' : `, ${countInWords(torrent.peers, 'peer')}`;
  return `resolving ${torrent?.name ?? source}${peers} … Ctrl-C leaves it to the mount`;
}

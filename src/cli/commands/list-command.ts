import type { Command } from 'commander';
import { bytesInWords, countInWords } from '../../observe/words.ts';
import type { CliContext } from '../context.ts';
import { jsonOutput } from '../json-output.ts';
import { statusAt } from '../mount-inquiry.ts';
import { printable } from '../render/printable.ts';
import { formatPercent, formatSpeed } from '../render/quantity.ts';
import type { Style } from '../render/style.ts';
import { renderTable } from '../render/table.ts';
import { colourOfState, progressOf } from '../render/torrent-lines.ts';
import { type ForgottenReport, type TorrentReport, torrentsAndUrls } from '../status-report.ts';

export function addListCommand(program: Command, context: CliContext): void {
  program
    .command('list')
    .summary('list the torrents of a mount')
    .description('Lists the torrents of a mount, those whose metadata is still looked for among them.')
    .argument('<MOUNTPOINT>', 'the mount')
    .option('--forgotten', 'list those that were removed; their data is kept, and adding one again takes it back')
    .option('--json', 'print JSON')
    .action(async (path: string, { forgotten, json }: { forgotten?: true; json?: true }) => {
      const status = await statusAt(path);
      const { mountpoint, torrents, pending_urls, forgotten: removed } = status;
      const content = forgotten ? { forgotten: removed } : { torrents, pending_urls };
      if (json) return context.out.line(jsonOutput('list', { mountpoint, ...content }));
      const lines = forgotten ? forgottenLines(removed) : listLines(torrentsAndUrls(status), context.out.style);
      for (const line of lines) context.out.line(line);
      return undefined;
    });
}

export function listLines(torrents: readonly TorrentReport[], style: Style): string[] {
  if (torrents.length === 0) return ['no torrents; copy a .torrent file into the mount, or see torrent-fuse add'];
  return renderTable(
    [
      { title: 'NAME' },
      { title: 'STATE' },
      { title: 'DONE', align: 'right' },
      { title: 'SIZE', align: 'right' },
      { title: 'DOWN', align: 'right' },
      { title: 'PEERS', align: 'right' },
      { title: 'INFO HASH' },
    ],
    torrents.map(torrent => [
      printable(torrent.name),
      colourOfState(torrent.state, style)(torrent.state),
      torrent.state === 'resolving' ? '' : formatPercent(progressOf(torrent)),
      torrent.state === 'resolving' ? '' : bytesInWords(torrent.total_bytes),
      formatSpeed(torrent.download_speed),
      String(torrent.peers),
      torrent.info_hash,
    ]),
  );
}

export function forgottenLines(forgotten: readonly ForgottenReport[]): string[] {
  if (forgotten.length === 0) return ['no torrent was removed'];
  const rows = forgotten.map(({ name, forgotten_at, info_hash }) => [
    printable(name),
    printable(forgotten_at.replace(/\.\d+Z$/, 'Z')),
    info_hash,
  ]);
  return [
    ...renderTable([{ title: 'NAME' }, { title: 'REMOVED' }, { title: 'INFO HASH' }], rows),
    `${countInWords(rows.length, 'torrent')}; add an info hash to have one back`,
  ];
}

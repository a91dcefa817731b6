import { countInWords } from '../observe/words.ts';
import { CommandError } from './errors.ts';
import { type StatusReport, type TorrentReport, torrentsAndUrls } from './status-report.ts';

/**
 * The torrent that people mean by a whole info hash, by a name as the mount shows it, by the beginning of an info hash, eight
 * digits or more, or by the URL that it will be fetched from. In this order: anybody can call a torrent by the info hash of
 * another.
 *
 * @throws CommandError when there is none, or more than one
 */
export function chooseTorrent(status: StatusReport, wanted: string): TorrentReport {
  const { mountpoint } = status;
  const torrents = torrentsAndUrls(status);
  const found = [
    torrents.filter(({ info_hash }) => info_hash === wanted.toLowerCase()),
    torrents.filter(({ name }) => name === wanted.replace(/\/+$/, '')),
    torrents.filter(({ info_hash }) => beginsHash(info_hash, wanted)),
  ].find(torrents => torrents.length > 0);
  const [torrent, ...others] = found ?? [];
  if (torrent === undefined) {
    throw new CommandError(
      `no torrent of ${mountpoint} is called ${wanted}; 'torrent-fuse list ${mountpoint}' names them`,
    );
  }
  if (others.length > 0)
    throw new CommandError(`${countInWords(1 + others.length, 'torrent')} are called ${wanted}: give the info hash`);
  return torrent;
}

function beginsHash(infoHash: string, wanted: string): boolean {
  return /^[0-9a-f]{8,40}$/i.test(wanted) && infoHash.startsWith(wanted.toLowerCase());
}

import { countInWords } from '../observe/words.ts';
import { CommandError } from './errors.ts';
import { type StatusReport, type TorrentReport, torrentsAndUrls } from './status-report.ts';

/**
 * The torrent that people mean by a name as the mount shows it, by an info hash or its beginning of eight digits or more, or by
 * the URL that it will be fetched from.
 *
 * @throws CommandError when there is none, or more than one
 */
export function chooseTorrent(status: StatusReport, wanted: string): TorrentReport {
  const { mountpoint } = status;
  const torrents = torrentsAndUrls(status);
  const byName = torrents.filter(({ name }) => name === wanted.replace(/\/+$/, ''));
  const found = byName.length > 0 ? byName : torrents.filter(({ info_hash }) => isHashOf(info_hash, wanted));
  const [torrent, ...others] = found;
  if (torrent === undefined) {
    throw new CommandError(
      `no torrent of ${mountpoint} is called ${wanted}; 'torrent-fuse list ${mountpoint}' names them`,
    );
  }
  if (others.length > 0)
    throw new CommandError(`${countInWords(found.length, 'torrent')} are called ${wanted}: give the info hash`);
  return torrent;
}

function isHashOf(infoHash: string, wanted: string): boolean {
  return /^[0-9a-f]{8,40}$/i.test(wanted) && infoHash.startsWith(wanted.toLowerCase());
}

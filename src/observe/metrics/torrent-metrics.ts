import { observedStates, type TorrentFigures } from '../snapshot.ts';
import type { MetricSample, MetricSection } from './metric.ts';
import { one, sum } from './samples.ts';

export const torrentMetrics: MetricSection = {
  title: 'Torrents',
  metrics: [
    {
      name: 'torrent_fuse_torrents',
      type: 'gauge',
      labels: ['state'],
      unit: 'torrents',
      help: 'Torrents of the mount by state',
      stability: 'stable',
      samples: ({ torrents }) =>
        observedStates.map(state => ({
          labels: { state },
          value: torrents.filter(torrent => torrent.state === state).length,
        })),
    },
    {
      name: 'torrent_fuse_peers_connected',
      type: 'gauge',
      labels: [],
      unit: 'peers',
      help: 'Connected peers, over all torrents',
      stability: 'stable',
      samples: ({ torrents }) => one(sum(torrents, torrent => torrent.peersConnected)),
    },
    {
      name: 'torrent_fuse_download_bytes_per_second',
      type: 'gauge',
      labels: [],
      unit: 'bytes per second',
      help: 'Speed from peers, over all torrents',
      stability: 'stable',
      samples: ({ torrents }) => one(sum(torrents, torrent => torrent.downloadSpeed)),
    },
    {
      name: 'torrent_fuse_upload_bytes_per_second',
      type: 'gauge',
      labels: [],
      unit: 'bytes per second',
      help: 'Speed to peers, over all torrents',
      stability: 'stable',
      samples: ({ torrents }) => one(sum(torrents, torrent => torrent.uploadSpeed)),
    },
    {
      name: 'torrent_fuse_torrent_progress_ratio',
      type: 'gauge',
      labels: ['info_hash', 'name'],
      unit: '1',
      help: 'Share of the torrent that is held and verified, of the 50 busiest torrents; the rest is summed as `other`',
      stability: 'stable',
      samples: ({ torrents }) => perTorrent(torrents, progress),
    },
    {
      name: 'torrent_fuse_torrent_peers_connected',
      type: 'gauge',
      labels: ['info_hash', 'name'],
      unit: 'peers',
      help: 'Connected peers of the 50 busiest torrents; the rest is summed as `other`',
      stability: 'stable',
      samples: ({ torrents }) => perTorrent(torrents, some => sum(some, torrent => torrent.peersConnected)),
    },
    {
      name: 'torrent_fuse_torrent_download_bytes_per_second',
      type: 'gauge',
      labels: ['info_hash', 'name'],
      unit: 'bytes per second',
      help: 'Speed from peers of the 50 busiest torrents; the rest is summed as `other`',
      stability: 'stable',
      samples: ({ torrents }) => perTorrent(torrents, some => sum(some, torrent => torrent.downloadSpeed)),
    },
  ],
};

/** Bounds the number of series, however many torrents a mount has. */
const torrentSeries = 50;

function perTorrent(
  torrents: readonly TorrentFigures[],
  value: (some: readonly TorrentFigures[]) => number,
): MetricSample[] {
  const busiest = torrents.toSorted(
    (a, b) =>
      b.downloadSpeed - a.downloadSpeed || b.peersConnected - a.peersConnected || b.addedAtSeconds - a.addedAtSeconds,
  );
  const shown = busiest.slice(0, torrentSeries);
  const rest = busiest.slice(torrentSeries);
  return [
    ...shown.map(torrent => ({ labels: { info_hash: torrent.infoHash, name: torrent.name }, value: value([torrent]) })),
    ...(rest.length === 0 ? [] : [{ labels: { info_hash: 'other', name: 'other' }, value: value(rest) }]),
  ];
}

/** Of several torrents: weighted by their size. */
function progress(torrents: readonly TorrentFigures[]): number {
  const total = sum(torrents, torrent => torrent.totalBytes);
  return total === 0 ? 0 : sum(torrents, torrent => torrent.progressBytes) / total;
}

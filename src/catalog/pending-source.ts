import type { TorrentSource } from '../engine/index.ts';
import type { PendingSource } from './journal-records.ts';
import { magnetOf, parseMagnet } from './magnet.ts';
import type { MetainfoStore } from './metainfo-store.ts';

/** What the journal keeps of a source. The bytes of a .torrent have to be in the metainfo store. */
export function toPendingSource(source: TorrentSource): PendingSource {
  switch (source.kind) {
    case 'magnet':
      return { kind: 'magnet', infoHash: source.infoHash, uri: source.uri };
    case 'url':
      return { kind: 'url', url: source.url.href };
    case 'metainfo':
      return { kind: 'metainfo', infoHash: source.infoHash };
  }
}

/** A .torrent that is lost or damaged becomes a magnet: the swarm still has it. */
export function sourceOf(pending: PendingSource, store: MetainfoStore): TorrentSource {
  if (pending.kind === 'url') return { kind: 'url', url: new URL(pending.url) };
  if (pending.kind === 'magnet') return parseMagnet(pending.uri);
  const bytes = store.metainfo(pending.infoHash);
  return bytes === undefined ? magnetOf(pending.infoHash) : { kind: 'metainfo', infoHash: pending.infoHash, bytes };
}

/** For people. */
export function describeSource(source: TorrentSource): string {
  switch (source.kind) {
    case 'magnet':
      return source.uri;
    case 'url':
      return source.url.href;
    case 'metainfo':
      return source.infoHash;
  }
}

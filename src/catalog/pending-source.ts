import type { TorrentSource } from '../engine/index.ts';
import { infoDictionaryOf } from '../engine/metainfo.ts';
import type { PendingSource } from './journal-records.ts';
import { magnetOf, parseMagnet, trackersOf } from './magnet.ts';
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

/**
 * What the engine is given. A torrent whose .torrent is here already needs no peer to resolve, so that forgotten ones come
 * back by their info hash alone; the trackers of the magnet go with it.
 */
export function engineSource(source: TorrentSource, store: MetainfoStore): TorrentSource {
  if (source.kind !== 'magnet') return source;
  const bytes = store.metainfo(source.infoHash);
  if (bytes === undefined) return source;
  return { kind: 'metainfo', infoHash: source.infoHash, bytes: withTrackers(bytes, trackersOf(source.uri)) };
}

/** The same torrent with these trackers (BEP 12), as it is if there are none. */
function withTrackers(metainfo: Uint8Array, trackers: readonly string[]): Uint8Array {
  if (trackers.length === 0) return metainfo;
  const tiers = trackers.map(tracker => `l${Buffer.byteLength(tracker)}:${tracker}e`).join('');
  const before = Buffer.from(`d13:announce-listl${tiers}e4:info`);
  return Buffer.concat([before, infoDictionaryOf(metainfo), Buffer.from('e')]);
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

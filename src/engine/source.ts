import type { InfoHash } from './torrent.ts';

/**
 * What a torrent is added from, already parsed and checked: an engine never sees a raw string of a user's.
 */
export type TorrentSource =
  | {
      readonly kind: 'magnet';
      /** `magnet:?xt=urn:btih:…`, as given (BEP 9). */
      readonly uri: string;
      readonly infoHash: InfoHash;
      /** `dn`, hostile. */
      readonly displayName: string | undefined;
      /** `x.pe`: peers that the magnet names, `host:port`. */
      readonly peers: readonly string[];
    }
  | { readonly kind: 'metainfo'; readonly infoHash: InfoHash; readonly bytes: Uint8Array }
  | { readonly kind: 'url'; readonly url: URL };

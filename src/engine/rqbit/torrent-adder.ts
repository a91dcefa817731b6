import { sleep } from '../../util/abortable.ts';
import { Backoff } from '../../util/backoff.ts';
import type { Logger } from '../../util/logger.ts';
import { Turnstile } from '../../util/turnstile.ts';
import type { AddOptions, WaitOptions } from '../engine.ts';
import { EngineError } from '../errors.ts';
import { fetchMetainfo, type MayFetch } from '../fetch-metainfo.ts';
import { parseMetainfo } from '../metainfo.ts';
import type { TorrentSource } from '../source.ts';
import type { InfoHash } from '../torrent.ts';
import type { RqbitClient } from './client.ts';
import { hasStatus, RqbitStatusError } from './http-errors.ts';
import type { RqbitFile } from './schemas.ts';
import { socketAddresses } from './socket-addresses.ts';
import { placeOf, type TorrentLayout, type TorrentPlaces } from './torrent-places.ts';
import type { TorrentRecords } from './torrent-records.ts';

/**
 * Adds torrents to rqbit. Two adds at the same time can be given the same number by rqbit, and then both return the first
 * torrent: so they are made one after another, and the returned info hash is checked. Magnets are resolved before their
 * turn comes, for that can take for ever.
 */
export class TorrentAdder {
  readonly #client: RqbitClient;
  readonly #records: TorrentRecords;
  readonly #mayFetch: MayFetch;
  readonly #logger: Logger;
  readonly #onDemand: boolean;
  readonly #places: TorrentPlaces;
  readonly #turnstile = new Turnstile();

  constructor(components: TorrentAdderComponents, options: { readonly onDemand: boolean }) {
    this.#client = components.client;
    this.#records = components.records;
    this.#mayFetch = components.mayFetch;
    this.#logger = components.logger;
    this.#onDemand = options.onDemand;
    this.#places = components.places;
  }

  /** @returns the info hash, and whether the torrent is new to rqbit */
  async add(source: TorrentSource, options: AddOptions): Promise<Added> {
    switch (source.kind) {
      case 'metainfo':
        return this.#addMetainfo(source.bytes, options);
      case 'url':
        // Fetched here and not by rqbit, which would follow it into any network that it can reach.
        return this.#addMetainfo(await fetchMetainfo(source.url, { mayFetch: this.#mayFetch, ...options }), options);
      case 'magnet':
        return this.#addMagnet(source, { ...options, peers: [...source.peers, ...options.peers] });
    }
  }

  async #addMetainfo(bytes: Uint8Array, { peers, signal }: AddOptions): Promise<Added> {
    const { infoHash, name, files } = parseMetainfo(bytes);
    const layout = { name, onlyPath: files.length === 1 ? files[0]?.path : undefined };
    this.#records.note(bytes);
    const addresses = await socketAddresses(peers);
    const add = () =>
      this.#addUnlessThere({ infoHash, source: bytes, layout, files, peers: addresses, timeoutMs: ADD_MS }, { signal });
    return this.#turnstile.pass(add, signal);
  }

  async #addMagnet(magnet: Magnet, { peers, signal }: AddOptions): Promise<Added> {
    const { infoHash, uri } = magnet;
    const backoff = new Backoff({ initialMs: 1000, maxMs: 30_000 });
    for (;;) {
      try {
        if (await this.#isThere(infoHash, { signal }))
          return await this.#alreadyThere(infoHash, await socketAddresses(peers), signal);
        const given = await socketAddresses(peers);
        const resolved = await this.#client.add(uri, { listOnly: true, peers: given, timeoutMs: RESOLVE_MS, signal });
        assertSame(infoHash, resolved.details.info_hash);
        const known = [...new Set([...given, ...(resolved.seen_peers ?? [])])].slice(0, MAX_PEERS);
        const { files, name } = resolved.details;
        const request = { infoHash, source: uri, files, peers: known, timeoutMs: ADD_RESOLVED_MS };
        const layout = { name: name ?? '', onlyPath: files.length === 1 ? files[0]?.components : undefined };
        const add = () => this.#addUnlessThere({ ...request, layout }, { signal });
        return await this.#turnstile.pass(add, signal);
      } catch (error) {
        if (!mayResolveLater(error)) throw error;
        this.#logger.debug({ infoHash, error }, 'a magnet does not resolve yet');
      }
      await sleep(backoff.nextMs(), signal);
    }
  }

  async #addUnlessThere(request: AddRequest, { signal }: WaitOptions): Promise<Added> {
    const { infoHash, source, layout, files, peers, timeoutMs } = request;
    if (await this.#isThere(infoHash, { signal })) return this.#alreadyThere(infoHash, peers, signal);
    // rqbit cannot be told to select nothing before it has checked what is on disk, and would begin to download then; so
    // it is given the least there is.
    const onlyFiles = this.#onDemand ? { onlyFiles: [smallestOf(files)] } : {};
    const subFolder = this.#places.ownFolder(infoHash, layout);
    const { details } = await this.#client.add(source, { peers, timeoutMs, subFolder, signal, ...onlyFiles });
    assertSame(infoHash, details.info_hash);
    this.#places.note(infoHash, placeOf(details.output_folder, layout.onlyPath));
    return { infoHash, isNew: true };
  }

  /** Asked first, because rqbit resolves a magnet anew before it notices that it has the torrent. */
  async #isThere(infoHash: InfoHash, options: WaitOptions): Promise<boolean> {
    try {
      await this.#client.stats(infoHash, options);
      return true;
    } catch (error) {
      if (hasStatus(error, 404)) return false;
      throw error;
    }
  }

  async #alreadyThere(infoHash: InfoHash, peers: readonly string[], signal: AbortSignal): Promise<Added> {
    if (peers.length > 0) {
      await this.#client.addPeers(infoHash, peers, { signal }).catch(error => {
        if (!hasStatus(error, 500)) throw error; // not live: nobody dials
      });
    }
    return { infoHash, isNew: false };
  }
}

export interface Added {
  readonly infoHash: InfoHash;
  readonly isNew: boolean;
}

export interface TorrentAdderComponents {
  readonly client: RqbitClient;
  readonly records: TorrentRecords;
  readonly places: TorrentPlaces;
  readonly mayFetch: MayFetch;
  readonly logger: Logger;
}

/** rqbit lays out every file before it answers. */
const ADD_MS = 60_000;
/** Then others have their turn at the connection; the question is put again at once. */
const RESOLVE_MS = 60_000;
/** Its peers sent the metadata a moment ago; other adds wait meanwhile. */
const ADD_RESOLVED_MS = 15_000;
/** They travel in a URL: 200 are under 10 kB, and more than rqbit dials at once. */
const MAX_PEERS = 200;

type Magnet = Extract<TorrentSource, { kind: 'magnet' }>;

interface AddRequest {
  readonly infoHash: InfoHash;
  readonly source: string | Uint8Array;
  readonly layout: TorrentLayout;
  readonly files: readonly Selectable[];
  readonly peers: readonly string[];
  readonly timeoutMs: number;
}

type Selectable = Pick<RqbitFile, 'length'> & {
  readonly padding?: boolean;
  readonly attributes?: RqbitFile['attributes'];
};

function smallestOf(files: readonly Selectable[]): number {
  let smallest = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, file] of files.entries()) {
    const isPadding = file.padding ?? file.attributes?.padding ?? false;
    if (isPadding || file.length >= least) continue;
    smallest = index;
    least = file.length;
  }
  return smallest;
}

function assertSame(wanted: InfoHash, got: string): void {
  if (wanted === got) return;
  throw new EngineError('protocol', `rqbit was given torrent ${wanted} and says that it added ${got}; add it again`);
}

/** No peers yet, none that answer, or the server is away: rqbit has only its wording to tell these from a bad magnet. */
function mayResolveLater(error: unknown): boolean {
  if (!(error instanceof EngineError)) return false;
  if (error.isTransient) return true;
  if (!(error instanceof RqbitStatusError)) return false;
  return (
    error.status === 500 || (error.status === 400 && /no known way to resolve|stream exhausted/.test(error.message))
  );
}

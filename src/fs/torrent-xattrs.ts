import type { Catalog, CatalogTorrent } from '../catalog/catalog.ts';
import { magnetOf } from '../catalog/magnet.ts';
import { EngineError, type InfoHash, type TorrentDetails } from '../engine/index.ts';
import { Errno } from '../fuse/abi/errno.ts';
import { ErrnoError } from '../fuse/filesystem.ts';
import { FileHoldings } from './held-ranges.ts';
import type { PieceMaps } from './piece-maps.ts';
import { formatPolicy, type PolicySources, parsePolicy, policyAt } from './read-policy.ts';
import { refusals } from './refusals.ts';
import { figuresOf } from './torrent-figures.ts';
import { infoHashOf } from './torrent-root.ts';
import { placeOf, type TreeNode } from './tree-node.ts';
import { type TorrentXattr, XATTR_PREFIX, xattrNamesOf } from './xattr-names.ts';

export interface TorrentXattrsOptions extends PolicySources {
  readonly catalog: Catalog;
  readonly pieces: PieceMaps;
}

/** The extended attributes of everything in a torrent. */
export class TorrentXattrs {
  readonly #options: TorrentXattrsOptions;

  constructor(options: TorrentXattrsOptions) {
    this.#options = options;
  }

  /** @throws ErrnoError ENODATA for what the node has not, E2BIG for what the kernel does not take */
  async get(at: TreeNode, name: string, signal: AbortSignal): Promise<Uint8Array> {
    if (!xattrNamesOf(at).includes(name)) throw refusals.noAttribute;
    const value = Buffer.from(await this.#value(at, name.slice(XATTR_PREFIX.length) as TorrentXattr, signal));
    if (value.length > XATTR_SIZE_MAX) throw tooLong;
    return value;
  }

  /** The policy alone can be set. @throws ErrnoError */
  set(at: TreeNode, name: string, value: Uint8Array): void {
    if (name !== POLICY) throw refusals.readOnly;
    const policy = parsePolicy(Buffer.from(value).toString().trim());
    if (policy === undefined) throw new ErrnoError(Errno.EINVAL, 'a policy is eagain, wait, or wait:30s');
    this.#options.settings.change(placeOf(at), { timeoutMs: undefined, ...policy });
  }

  /** Inherits the policy again. @throws ErrnoError */
  remove(at: TreeNode, name: string): void {
    if (name !== POLICY) throw refusals.readOnly;
    const place = placeOf(at);
    const { policy, timeoutMs } = this.#options.settings.own(place);
    if (policy === undefined && timeoutMs === undefined) throw refusals.noAttribute;
    this.#options.settings.change(place, { policy: undefined, timeoutMs: undefined });
  }

  async #value(at: TreeNode, name: TorrentXattr, signal: AbortSignal): Promise<string> {
    const torrent = this.#torrent(infoHashOf(at.tree));
    switch (name) {
      case 'infohash':
        return torrent.infoHash;
      case 'state':
        return torrent.state;
      case 'magnet':
        return magnetOf(torrent.infoHash, torrent.name).uri;
      case 'policy':
        return formatPolicy(policyAt(placeOf(at), this.#options));
      case 'progress':
        return `${figuresOf(torrent, { pieces: undefined, totalPieces: undefined }).progress_pct}`;
      case 'status':
        return JSON.stringify(await this.#status(torrent, signal));
      case 'pieces':
        return (await this.#holdings(torrent, at, signal)).bitfield();
      case 'ranges':
        return (await this.#holdings(torrent, at, signal)).ranges();
    }
  }

  #torrent(infoHash: InfoHash): CatalogTorrent {
    const torrent = this.#options.catalog.get(infoHash);
    if (torrent === undefined) throw refusals.stale;
    return torrent;
  }

  async #status(torrent: CatalogTorrent, signal: AbortSignal) {
    const { pieces } = this.#options;
    const current = await pieces.current(torrent.infoHash, signal).catch(() => undefined);
    signal.throwIfAborted();
    return figuresOf(torrent, { pieces: current, totalPieces: torrent.pieceCount });
  }

  async #holdings(torrent: CatalogTorrent, { tree, node }: TreeNode, signal: AbortSignal): Promise<FileHoldings> {
    const pieces = await this.#options.pieces.current(torrent.infoHash, signal);
    return new FileHoldings(knownDetails(torrent), tree.fileIndex(node) ?? 0, pieces);
  }
}

const POLICY = `${XATTR_PREFIX}policy`;

/** `XATTR_SIZE_MAX` of `linux/limits.h`. */
const XATTR_SIZE_MAX = 65536;

const tooLong = new ErrnoError(Errno.E2BIG, 'over 64 KiB: read .torrent-fuse/pieces or .torrent-fuse/ranges');

function knownDetails({ details, infoHash }: CatalogTorrent): TorrentDetails {
  if (details === undefined) throw new EngineError('not-ready', `the metadata of ${infoHash} is not known yet`);
  return details;
}

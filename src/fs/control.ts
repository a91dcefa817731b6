import { z } from 'zod';
import type { Catalog, CatalogTorrent } from '../catalog/catalog.ts';
import type { PathSettingsChange, PathSettingsStore, SettingsPath } from '../catalog/path-settings.ts';
import { type InfoHash, parseInfoHash } from '../engine/index.ts';
import { Errno } from '../fuse/abi/errno.ts';
import { ErrnoError } from '../fuse/filesystem.ts';
import { READ_TIMEOUT_MAX_MS } from '../util/read-timeout-max.ts';
import { refusals } from './refusals.ts';
import type { TorrentRoot } from './torrent-root.ts';

/** Names a torrent by its entry, by its info hash, or by its URL while that is not fetched. */
const torrent = z.string().min(1);

/** A command that is written to `.torrent-fuse/control`. A setting of null is inherited again. */
const controlCommand = z.discriminatedUnion('command', [
  z.strictObject({ command: z.literal('remove'), torrent, deleteData: z.boolean().default(false) }),
  z.strictObject({ command: z.literal('pause'), torrent }),
  z.strictObject({ command: z.literal('resume'), torrent }),
  z.strictObject({
    command: z.literal('set'),
    /** Relative to the mount point; empty for all of it. */
    path: z.string(),
    policy: z.enum(['wait', 'eagain']).nullish(),
    timeoutMs: z.number().int().positive().max(READ_TIMEOUT_MAX_MS).nullish(),
    pin: z.boolean().nullish(),
    priority: z.enum(['low', 'normal', 'high']).nullish(),
  }),
]);

export interface ControlOptions {
  readonly catalog: Catalog;
  readonly root: TorrentRoot;
  readonly settings: PathSettingsStore;
  /** How many files of the torrent are open. */
  openCount(slot: number): number;
}

/** Carries out commands. Each is over, as far as the mount goes, when `run` returns; no engine is waited for. */
export class Control {
  readonly #options: ControlOptions;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /**
   * @param text one command in JSON
   * @throws ErrnoError EINVAL for what is no command, ENOENT, EBUSY, EOPNOTSUPP; EngineError when it cannot be kept
   */
  run(text: string): void {
    const parsed = controlCommand.safeParse(parseJson(text));
    if (!parsed.success) throw new ErrnoError(Errno.EINVAL, z.prettifyError(parsed.error));
    const command = parsed.data;
    switch (command.command) {
      case 'remove':
        this.#remove(command.torrent, command.deleteData);
        break;
      case 'pause':
        this.#options.catalog.pause(this.#torrent(command.torrent).infoHash);
        break;
      case 'resume':
        this.#options.catalog.resume(this.#torrent(command.torrent).infoHash);
        break;
      case 'set': {
        const { command: _, path, ...settings } = command;
        this.#set(path, settings);
        break;
      }
    }
  }

  /** Forgets a torrent that has no file open. */
  remove(infoHash: InfoHash, { deleteData }: { readonly deleteData: boolean }): void {
    const { catalog, root, openCount } = this.#options;
    const mounted = root.byInfoHash(infoHash);
    if (mounted !== undefined && openCount(mounted.slot) > 0) throw isOpen;
    if (!catalog.remove(infoHash, { deleteData })) throw refusals.notFound;
  }

  #remove(name: string, deleteData: boolean): void {
    if (this.#options.catalog.removeUrl(name)) return;
    this.remove(this.#torrent(name).infoHash, { deleteData });
  }

  /**
   * Info hashes come first: anybody can call a torrent by that of another. Those that resolve go by what they are called.
   */
  #torrent(name: string): CatalogTorrent {
    const { catalog, root } = this.#options;
    const infoHash = parseInfoHash(name);
    const entry = root.byName(name);
    const known = (infoHash && catalog.get(infoHash)) ?? (entry && catalog.get(entry.infoHash));
    const found = known ?? catalog.torrents().find(each => each.name === name && !root.byInfoHash(each.infoHash));
    if (found === undefined) throw refusals.notFound;
    return found;
  }

  #set(path: string, settings: { readonly [Key in keyof PathSettingsChange]: PathSettingsChange[Key] | null }): void {
    const { catalog } = this.#options;
    const place = this.#place(path);
    if (settings.pin != null && !catalog.canPin) throw cannotPin;
    const change = Object.entries(settings).filter(([, value]) => value !== undefined);
    if (change.length === 0) throw new ErrnoError(Errno.EINVAL, 'nothing to set');
    this.#options.settings.change(place, Object.fromEntries(change.map(([key, value]) => [key, value ?? undefined])));
  }

  #place(path: string): SettingsPath {
    const [name, ...inside] = path.split('/').filter(component => component !== '' && component !== '.');
    if (name === undefined) return { infoHash: null, path: [] };
    const mounted = this.#options.root.byName(name);
    if (mounted?.tree.resolve(inside) === undefined) throw refusals.notFound;
    return { infoHash: mounted.infoHash, path: inside };
  }
}

const isOpen = new ErrnoError(Errno.EBUSY, 'a file of the torrent is open');
const cannotPin = new ErrnoError(Errno.EOPNOTSUPP, 'the engine cannot keep files downloading that nobody reads');

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

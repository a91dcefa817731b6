import { defaultConfig } from '../config/load-config.ts';
import type { Config } from '../config/options.ts';
import { type Logger, silentLogger } from '../util/logger.ts';
import { mount } from './mount.ts';
import type { MountHandle } from './mount-handle.ts';

export interface MountTorrentsOptions {
  /** An empty directory. */
  readonly mountpoint: string;
  /** Magnets, URLs, paths of .torrent files or info hashes. */
  readonly sources?: readonly string[];
  /** What differs from the defaults, by section; see docs/CONFIGURATION.md. Files and environment are not looked at. */
  readonly config?: { readonly [Section in keyof Config]?: Partial<Config[Section]> };
  /** Says nothing by default. */
  readonly logger?: Logger;
  /** Gives the mount up while it is being made. */
  readonly signal?: AbortSignal;
}

/**
 * Mounts torrents from within a program. Resolves when the mount answers. The program must not touch the mount with
 * synchronous calls (`readFileSync`): its own event loop would have to answer them.
 *
 * @throws MountError, FuseError; nothing is mounted then
 */
export function mountTorrents(options: MountTorrentsOptions): Promise<MountHandle> {
  const { mountpoint, sources = [], logger = silentLogger, signal } = options;
  return mount({ mountpoint, sources, logger, config: merged(options.config), ...(signal && { signal }) });
}

function merged(overrides: MountTorrentsOptions['config'] = {}): Config {
  const sections = Object.entries(defaultConfig).map(([name, section]) => [
    name,
    { ...section, ...overrides[name as keyof Config] },
  ]);
  return Object.fromEntries(sections) as Config; // the defaults have every section and key, each override its type
}

import type { InfoHash } from '../engine/index.ts';
import type { Journal } from './journal.ts';
import type { PathSettings } from './journal-records.ts';
import { settingsKey } from './journal-state.ts';

/** A place in the mount: a torrent and the names from its root entry down; an `infoHash` of null is the root of the mount. */
export interface SettingsPath {
  readonly infoHash: InfoHash | null;
  readonly path: readonly string[];
}

/** What was said of a path of one torrent, relative to its root entry. */
export interface PlacedSettings {
  readonly path: readonly string[];
  readonly settings: PathSettings;
}

/** What the change says about a key: a new value, or undefined to inherit it again. Keys that are absent stay. */
export type PathSettingsChange = Partial<{ readonly [Key in keyof PathSettings]: PathSettings[Key] | undefined }>;

/** Told of the place that something new was said of, and of which settings. */
export type PathSettingsListener = (place: SettingsPath, keys: ReadonlySet<keyof PathSettings>) => void;

/**
 * Policy, pin and priority by path, kept in the journal across restarts. For each of them the nearest of a path and its
 * ancestors counts that says something about it.
 */
export class PathSettingsStore {
  readonly #journal: Journal;
  readonly #listeners = new Set<PathSettingsListener>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** What was said of this very path. */
  own({ infoHash, path }: SettingsPath): PathSettings {
    return this.#journal.state.settings.get(settingsKey(infoHash, path))?.settings ?? {};
  }

  /** All that was said of paths of the torrent, what was said of the whole mount first, as if it were of its root entry. */
  *ofTorrent(infoHash: InfoHash): Generator<PlacedSettings> {
    yield { path: [], settings: this.own({ infoHash: null, path: [] }) };
    yield* this.#recordsOf(infoHash).values();
  }

  /** Whether any path of the torrent says something about the key. @param infoHash null for the whole mount */
  says(infoHash: InfoHash | null, key: keyof PathSettings): boolean {
    for (const { settings } of this.#recordsOf(infoHash).values()) if (settings[key] !== undefined) return true;
    return false;
  }

  /** What holds for the path. */
  effective({ infoHash, path }: SettingsPath): PathSettings {
    const settings = { ...this.own({ infoHash: null, path: [] }) };
    if (infoHash === null) return settings;
    for (let depth = 0; depth <= path.length; depth += 1) {
      Object.assign(settings, this.own({ infoHash, path: path.slice(0, depth) }));
    }
    return settings;
  }

  /** Kept, and told to the listeners, before it returns. @throws EngineError `no-space`, `io` */
  change(place: SettingsPath, change: PathSettingsChange): void {
    const merged = { ...this.own(place), ...change };
    // JSON leaves out what is undefined.
    const settings: PathSettings = Object.fromEntries(
      Object.entries(merged).filter(([, value]) => value !== undefined),
    );
    this.#journal.append({ type: 'settings', infoHash: place.infoHash, path: place.path, settings });
    const keys = new Set(Object.keys(change) as (keyof PathSettings)[]);
    for (const listener of this.#listeners) listener(place, keys);
  }

  /** @returns what ends the subscription */
  onChange(listener: PathSettingsListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #recordsOf(infoHash: InfoHash | null): ReadonlyMap<string, PlacedSettings> {
    return this.#journal.state.settingsOf.get(infoHash) ?? nothingSaid;
  }
}

const nothingSaid: ReadonlyMap<string, PlacedSettings> = new Map();

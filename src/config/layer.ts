import { ConfigError, InvalidValueError } from './errors.ts';

/** Where a value comes from; the later of these wins. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'flag'; readonly flag: string };

export interface Setting {
  readonly value: unknown;
  readonly origin: Origin;
}

/** What one place sets: the values by `section.key`. */
export type Layer = ReadonlyMap<string, Setting>;

/** Runs a parser, and says in its error whose value it was. @throws ConfigError */
export function readingValueOf<T>(place: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof InvalidValueError) throw new ConfigError(`${place}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** For people: `default`, `/etc/torrent-fuse/config.toml`, `TORRENT_FUSE_HTTP`, `--http`. */
export function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'default':
      return 'default';
    case 'file':
      return origin.path;
    case 'environment':
      return origin.name;
    case 'flag':
      return origin.flag;
  }
}

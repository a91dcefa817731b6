import type { ValueType } from './value-type.ts';

/** One row of the table in `options.ts`: all that flags, environment, files, help and documentation know of an option. */
export interface Option<T> {
  readonly type: ValueType<T>;
  /** The key within the section of a configuration file. */
  readonly key: string;
  /** Without dashes. Undefined for a secret: whoever lists the processes sees the flags of all. */
  readonly flag: string | undefined;
  /** The environment variable. A boolean has a second one, see {@link negatedEnvironmentName}. */
  readonly env: string;
  readonly default: T;
  /** What the help shows for a default that is made when it is needed. */
  readonly defaultText?: string;
  /** Why this default. */
  readonly why: string;
  /** One sentence without a full stop, for `--help` and the documentation. */
  readonly help: string;
  /** The same for the flag that turns a boolean off. */
  readonly helpOff?: string;
  readonly secret: boolean;
  /** SIGHUP takes up a change of it without a new mount. */
  readonly reloadable: boolean;
  /** The engines that can do what it says; undefined where it is no engine's business. */
  readonly honouredBy?: readonly EngineKind[];
}

/** The kinds of engine as far as options go: an rqbit that we start ourselves takes more than one that we only talk to. */
export type EngineKind = 'embedded' | 'managed-rqbit' | 'external-rqbit';

type OptionFields<T> = Omit<Option<T>, 'env' | 'secret' | 'reloadable' | 'flag' | 'default'> & {
  readonly flag: string;
  /** Does not widen the type that `type` says. */
  readonly default: NoInfer<T>;
  readonly reloadable?: boolean;
};

export function option<T>(fields: OptionFields<T>): Option<T> {
  return { secret: false, reloadable: false, ...fields, env: environmentName(fields.flag) };
}

type SecretFields = Omit<Option<string | undefined>, 'secret' | 'reloadable' | 'flag' | 'default'>;

/** An option that only a file or the environment sets, and that is never shown. */
export function secret(fields: SecretFields): Option<string | undefined> {
  return { ...fields, default: undefined, flag: undefined, secret: true, reloadable: false };
}

/** `--no-dht` sets the boolean option `dht` to false; so does this variable when it is true. */
export function negatedEnvironmentName(option: Option<unknown>): string | undefined {
  return option.type.placeholder === undefined && option.flag ? environmentName(`no-${option.flag}`) : undefined;
}

/** The flag that changes the default of a boolean, and the plain flag of anything else. */
export function flagText(option: Option<unknown>): string | undefined {
  if (option.flag === undefined) return undefined;
  return option.default === true ? `--no-${option.flag}` : `--${option.flag}`;
}

function environmentName(flag: string): string {
  return `TORRENT_FUSE_${flag.toUpperCase().replaceAll('-', '_')}`;
}

import { READ_TIMEOUT_MAX_MS } from '../util/read-timeout-max.ts';
import { type Option, option, secret } from './option.ts';
import {
  boolean,
  choice,
  duration,
  hostPort,
  httpUrl,
  integer,
  ipAddress,
  listOf,
  octalMode,
  optional,
  path,
  program,
  size,
  source,
  text,
} from './value-type.ts';

const MiB = 2 ** 20;
const GiB = 2 ** 30;
const second = 1000;
const hour = 3_600_000;
/** The kernel's highest user or group id; the one above it means "nobody". */
const maxId = 0xffff_fffe;

/** Of the whole mount, or of a path in it. */
export const readTimeout = duration({ min: 0.1 * second, max: READ_TIMEOUT_MAX_MS });

/**
 * Every option there is. Flags, environment names, file keys, defaults, checks, `--help`, `docs/CONFIGURATION.md` and
 * `docs/config.schema.json` are all made from this table. The property names are those of {@link Config}, with units.
 */
export const options = {
  engine: {
    kind: option({
      key: 'kind',
      flag: 'engine',
      type: choice(['auto', 'embedded', 'rqbit']),
      default: 'auto',
      why: 'The first mount works with nothing installed, and an rqbit that runs already is used',
      help: 'What fetches torrents: an engine inside this process, an rqbit server, or whichever fits',
    }),
    dataDir: option({
      key: 'data_dir',
      flag: 'data-dir',
      type: optional(path('DIR')),
      default: undefined,
      defaultText: '$XDG_DATA_HOME/torrent-fuse/<mount point> (root: /var/lib/torrent-fuse/<mount point>)',
      why: 'Each mount point finds its own torrents again',
      help: 'Where the journal and, with the embedded engine, the payload are kept',
    }),
    peers: option({
      key: 'peers',
      flag: 'peer',
      type: listOf(hostPort('HOST:PORT'), { separator: /[\s,]+/, separatorName: 'commas or spaces' }),
      default: [],
      why: 'Peers come from trackers, DHT and the torrent itself',
      help: 'A peer to dial at once for every torrent of this mount; repeatable',
    }),
    dht: option({
      key: 'dht',
      flag: 'dht',
      type: boolean,
      default: true,
      why: 'A magnet without trackers needs it',
      help: 'Find peers through the distributed hash table',
      helpOff: 'Find no peers through the distributed hash table',
      honouredBy: ['embedded', 'managed-rqbit'],
    }),
    trackers: option({
      key: 'trackers',
      flag: 'trackers',
      type: boolean,
      default: true,
      why: 'Most torrents name trackers',
      help: 'Announce to the trackers that a torrent names',
      helpOff: 'Ask no trackers for peers',
      honouredBy: ['embedded', 'managed-rqbit'],
    }),
    lsd: option({
      key: 'lsd',
      flag: 'lsd',
      type: boolean,
      default: true,
      why: 'A peer on the same network is the fastest one',
      help: 'Find peers on the local network (BEP 14)',
      helpOff: 'Find no peers on the local network (BEP 14)',
      honouredBy: ['embedded', 'managed-rqbit'],
    }),
    listenPort: option({
      key: 'listen_port',
      flag: 'listen-port',
      type: integer('PORT', { min: 0, max: 65_535 }),
      default: 0,
      why: '0 is any free port, so that several mounts do not collide',
      help: 'The port that peers connect to',
      honouredBy: ['embedded', 'managed-rqbit'],
    }),
    listenHost: option({
      key: 'listen_host',
      flag: 'listen-host',
      type: optional(ipAddress('IP')),
      default: undefined,
      defaultText: 'all addresses',
      why: 'Peers come from everywhere',
      help: 'The only address of this machine that peers may connect to',
      honouredBy: ['embedded', 'managed-rqbit'],
    }),
  },
  rqbit: {
    url: option({
      key: 'url',
      flag: 'rqbit-url',
      type: optional(
        httpUrl('URL', 'set TORRENT_FUSE_RQBIT_USER and TORRENT_FUSE_RQBIT_PASSWORD, or user and password in the file'),
      ),
      default: undefined,
      why: 'Without it, the engine `rqbit` starts a server of its own',
      help: 'The HTTP API of a running rqbit; it is waited for, never replaced by another engine',
    }),
    user: secret({
      key: 'user',
      env: 'TORRENT_FUSE_RQBIT_USER',
      type: optional(text('NAME')),
      why: 'rqbit asks for none unless told to',
      help: "User of rqbit's HTTP API",
    }),
    password: secret({
      key: 'password',
      env: 'TORRENT_FUSE_RQBIT_PASSWORD',
      type: optional(text('PASSWORD')),
      why: 'rqbit asks for none unless told to',
      help: "Password of rqbit's HTTP API",
    }),
    binary: option({
      key: 'binary',
      flag: 'rqbit-binary',
      type: program('PROGRAM'),
      default: 'rqbit',
      why: 'Found on PATH, as installed by cargo',
      help: 'The rqbit to start when no URL is given',
      honouredBy: ['managed-rqbit'],
    }),
    maxStreams: option({
      key: 'max_streams',
      flag: 'rqbit-max-streams',
      type: integer('N', { min: 1, max: 1024 }),
      default: 6,
      why: 'Each open stream holds one of the 8 permits of a default rqbit (its --max-blocking-threads), and adding a torrent needs one too',
      help: 'Most HTTP streams open at once',
      honouredBy: ['managed-rqbit', 'external-rqbit'],
    }),
    onDemand: option({
      key: 'on_demand',
      flag: 'rqbit-on-demand',
      type: boolean,
      default: false,
      why: 'rqbit downloads what it is given; people who run it expect that',
      help: 'Tell rqbit to fetch only what is read of the torrents that this mount adds',
      honouredBy: ['managed-rqbit', 'external-rqbit'],
    }),
  },
  embedded: {
    download: option({
      key: 'download',
      flag: 'download',
      type: choice(['none', 'all']),
      default: 'none',
      why: 'A mount of many torrents must not fill the disk by itself',
      help: 'What is fetched before anybody reads it',
      honouredBy: ['embedded'],
    }),
  },
  mount: {
    readOnly: option({
      key: 'read_only',
      flag: 'read-only',
      type: boolean,
      default: false,
      why: 'cp, rm and mv in the mount add, forget and rename torrents',
      help: 'Mount ro: no adding, forgetting or renaming, no control file, no watch folder',
    }),
    allowOther: option({
      key: 'allow_other',
      flag: 'allow-other',
      type: boolean,
      default: false,
      why: 'The kernel shows a mount to nobody else unless asked; ordinary users also need user_allow_other in /etc/fuse.conf',
      help: 'Let other users read the mount',
    }),
    uid: option({
      key: 'uid',
      flag: 'uid',
      type: optional(integer('UID', { min: 0, max: maxId })),
      default: undefined,
      defaultText: 'the mounting user',
      why: 'Files belong to whoever mounts them',
      help: 'Owner of all files',
    }),
    gid: option({
      key: 'gid',
      flag: 'gid',
      type: optional(integer('GID', { min: 0, max: maxId })),
      default: undefined,
      defaultText: "the mounting user's group",
      why: 'Files belong to whoever mounts them',
      help: 'Group of all files',
    }),
    umask: option({
      key: 'umask',
      flag: 'umask',
      type: octalMode,
      default: 0,
      why: 'Files are 0444 and directories 0555; nobody can write them anyway',
      help: 'Permission bits to take away from files and directories',
    }),
  },
  read: {
    aheadBytes: option({
      key: 'ahead',
      flag: 'read-ahead',
      type: size({ min: 0, max: 4 * GiB }),
      default: 32 * MiB,
      why: 'Some seconds of the fastest video; the window grows to it only while a reader proves sequential',
      help: 'Most that is fetched ahead of one sequential reader',
    }),
    whenMissing: option({
      key: 'when_missing',
      flag: 'when-missing',
      type: choice(['wait', 'eagain']),
      default: 'wait',
      why: 'Programs expect a file to deliver its bytes',
      help: 'What a read of bytes that are not here yet does: wait for them, or fail with EAGAIN',
      reloadable: true,
    }),
    timeoutMs: option({
      key: 'timeout',
      flag: 'read-timeout',
      type: readTimeout,
      default: 30 * second,
      why: 'Long enough for a peer to be found, short enough that a player reports the error itself',
      help: 'How long a read may wait without one new byte for it before it fails with ETIMEDOUT',
      reloadable: true,
    }),
    verify: option({
      key: 'verify',
      flag: 'verify',
      type: boolean,
      default: false,
      why: 'rqbit checks each piece once, before it first serves it; what is read from its files without it is always hashed',
      help: "Hash also the bytes that come over HTTP against the torrent's pieces",
      honouredBy: ['managed-rqbit', 'external-rqbit'],
    }),
  },
  cache: {
    sizeBytes: option({
      key: 'size',
      flag: 'cache-size',
      type: size({ min: 4 * MiB, max: 64 * GiB }),
      default: 256 * MiB,
      why: 'Eight readers with a full read-ahead window each',
      help: 'Memory for the block cache; never exceeded',
    }),
  },
  monitoring: {
    pollIntervalMs: option({
      key: 'poll_interval',
      flag: 'status-poll-interval',
      type: duration({ min: 0.1 * second, max: hour }),
      default: 5 * second,
      why: 'One call however many torrents; a torrent added in rqbit appears within one poll',
      help: 'How often the engine is asked for the state of its torrents',
      reloadable: true,
    }),
    stalledTimeoutMs: option({
      key: 'stalled_timeout',
      flag: 'stalled-timeout',
      type: duration({ min: second, max: 24 * hour }),
      default: 300 * second,
      why: 'Peers come and go within minutes',
      help: 'How long a torrent may get no byte that it wants before it is called stalled',
      reloadable: true,
    }),
  },
  http: {
    listen: option({
      key: 'listen',
      flag: 'http',
      type: optional(hostPort('HOST:PORT', { minPort: 0 })),
      default: undefined,
      defaultText: 'off',
      why: 'Nothing listens unless asked to',
      help: 'Serve dashboard, metrics and health checks at this address; any but loopback needs a token',
    }),
    tokenFile: option({
      key: 'token_file',
      flag: 'http-token-file',
      type: optional(path('FILE')),
      default: undefined,
      why: 'On loopback none is needed',
      help: 'File that holds the token which the dashboard asks for',
    }),
    token: secret({
      key: 'token',
      env: 'TORRENT_FUSE_HTTP_TOKEN',
      type: optional(text('TOKEN')),
      why: 'On loopback none is needed',
      help: 'The token itself, in place of a file',
    }),
  },
  log: {
    level: option({
      key: 'level',
      flag: 'log-level',
      type: choice(['debug', 'info', 'warn', 'error', 'silent']),
      default: 'info',
      why: 'What happens to torrents and to the mount, but not each read',
      help: 'What is logged; -v is debug, -q is warn',
      reloadable: true,
    }),
    format: option({
      key: 'format',
      flag: 'log-format',
      type: choice(['pretty', 'json']),
      default: 'pretty',
      why: 'People read it first',
      help: 'Lines for people, or one JSON object a line',
    }),
    file: option({
      key: 'file',
      flag: 'log-file',
      type: optional(path('FILE')),
      default: undefined,
      defaultText: 'standard error',
      why: 'The journal collects standard error',
      help: 'Append the log to this file',
    }),
  },
  torrents: {
    sources: option({
      key: 'sources',
      flag: 'torrent',
      type: listOf(source, { separator: /[\r\n]+/, separatorName: 'line breaks' }),
      default: [],
      why: 'The mount remembers what was added to it',
      help: 'A source to mount always, beside those of the command line; repeatable',
      reloadable: true,
    }),
    watchDir: option({
      key: 'watch_dir',
      flag: 'watch-dir',
      type: optional(path('DIR')),
      default: undefined,
      why: 'Nothing is watched unless asked for',
      help: 'Add every .torrent and .magnet file that appears in this folder',
    }),
    allowPrivateUrls: option({
      key: 'allow_private_urls',
      flag: 'allow-private-urls',
      type: boolean,
      default: false,
      why: 'Whoever can add a torrent could otherwise make this machine ask its own network',
      help: 'Fetch .torrent URLs also from private and loopback addresses',
    }),
  },
} satisfies Record<string, Record<string, Option<unknown>>>;

type Options = typeof options;
type ValueOf<O> = O extends Option<infer T> ? T : never;

/** What an option is set to, by section; durations in milliseconds, sizes in bytes, paths absolute. */
export type Config = {
  readonly [S in keyof Options]: { readonly [K in keyof Options[S]]: ValueOf<Options[S][K]> };
};

/** A row of the table with its place. */
export interface OptionEntry {
  readonly section: string;
  /** The property name in {@link Config}. */
  readonly property: string;
  /** `section.key`, as in a file: what identifies an option. */
  readonly id: string;
  readonly option: Option<unknown>;
}

export const sectionNames: readonly string[] = Object.keys(options);

/** The rows in order, with their types erased: what handles every option alike goes through here. */
export const optionEntries: readonly OptionEntry[] = Object.entries(options).flatMap(([section, rows]) =>
  Object.entries(rows).map(([property, row]: [string, Option<unknown>]) => ({
    section,
    property,
    id: `${section}.${row.key}`,
    option: row,
  })),
);

export function entriesOf(section: string): readonly OptionEntry[] {
  return optionEntries.filter(entry => entry.section === section);
}

import { negatedEnvironmentName, type Option } from './option.ts';
import { entriesOf, type OptionEntry, sectionNames } from './options.ts';

const introduction = `<!-- Made by scripts/generate-config-docs.mjs from src/config/options.ts: edit there. -->

# Configuration

Nothing needs to be configured before the first mount. Every option can be set in four ways; the later wins:

1. its default,
2. a configuration file,
3. an environment variable,
4. a flag.

\`torrent-fuse config\` prints the merged result and where each value came from. A user name, password or token is never
taken from a flag, where other users of the machine would see it, and never printed or logged.

## Files

A file is written in TOML, YAML or JSON. \`--config FILE\` or \`TORRENT_FUSE_CONFIG\` names it; otherwise the first of these
that exists is read, and only that one:

1. \`./torrent-fuse.toml\`, \`.yaml\`, \`.yml\` or \`.json\`, if it belongs to you,
2. \`$XDG_CONFIG_HOME/torrent-fuse/config.*\` (\`~/.config/torrent-fuse/config.*\`),
3. \`/etc/torrent-fuse/config.*\`.

Two formats in one place are an error, and so is a key that does not exist. Relative paths in a file start from its
directory. Editors complete and check a file with [\`config.schema.json\`](config.schema.json).

\`\`\`toml
[engine]
kind = "rqbit"

[rqbit]
url = "http://127.0.0.1:3030"

[cache]
size = "512M"

[torrents]
sources = ["/srv/torrents/debian.torrent"]
\`\`\`

## Values

- **Sizes**: \`256M\`, \`1G\` (powers of 1024, also written \`MiB\`, \`GiB\`), \`256MB\` (powers of 1000), or a number of bytes.
- **Durations**: \`30s\`, \`500ms\`, \`5m\`, \`1m30s\`, or a number of seconds.
- **Booleans**: \`true\` and \`false\` in files, also \`1\`, \`0\`, \`yes\`, \`no\`, \`on\`, \`off\` in the environment. Each has
  the flags \`--name\` and \`--no-name\`.
- **Lists**: an array in a file; the flag repeated; in the environment separated as the option says. A list that is set in
  two ways is not joined: the later wins.
- A variable that is set to nothing counts as not set.

## Options

Those marked ⟳ are taken up by SIGHUP without a new mount.`;

/** What a user of rqbit-fuse (as of its largest version) finds here in place of each of its settings. */
const formerOptions: readonly (readonly [string, string])[] = [
  ['`api.url` (`API_URL`)', '`rqbit.url`'],
  ['`api.username`, `api.password` (`AUTH_USERPASS`, …)', '`rqbit.user`, `rqbit.password`'],
  [
    '`cache.metadata_ttl`, `cache.piece_ttl`',
    'none: what a torrent holds never changes, so nothing expires; which pieces are there is asked at each poll',
  ],
  ['`cache.torrent_list_ttl`', '`monitoring.poll_interval`'],
  ['`cache.max_entries`', 'none: metadata takes about 100 bytes a file and is never dropped'],
  ['`resources.max_cache_bytes`', '`cache.size`'],
  ['`mount.mount_point`', 'the last operand of `torrent-fuse mount`, or the instance of the systemd unit'],
  ['`mount.allow_other`', '`mount.allow_other`'],
  ['`mount.auto_unmount`', 'none: always on; a mount point left by a killed process is cleaned by the next mount'],
  ['`mount.uid`, `mount.gid`', '`mount.uid`, `mount.gid`'],
  ['`performance.read_timeout`', '`read.timeout`, which counts the time without progress'],
  [
    '`performance.max_concurrent_reads`',
    'none: waiting reads cost next to nothing; `rqbit.max_streams` bounds what is asked of the server',
  ],
  ['`performance.readahead_size`, `performance.prefetch_enabled`', '`read.ahead`; 0 turns it off'],
  [
    '`performance.piece_check_enabled`, `check_pieces_before_read`',
    'none: always on; `read.verify` adds hashing of what comes over HTTP',
  ],
  ['`performance.return_eagain_for_unavailable`', '`read.when_missing = "eagain"`'],
  [
    '`monitoring.status_poll_interval`, `monitoring.stalled_timeout`',
    '`monitoring.poll_interval`, `monitoring.stalled_timeout`',
  ],
  ['`logging.level`', '`log.level`'],
  ['`logging.log_fuse_operations`, `logging.log_api_calls`', '`log.level = "debug"`'],
  [
    '`logging.metrics_enabled`, `logging.metrics_interval_secs`',
    '`http.listen`, whoever wants metrics asks for them; `.torrent-fuse/metrics` in the mount always has them',
  ],
  ['`resources.max_open_streams`', '`rqbit.max_streams`'],
  ['`resources.max_inodes`', 'none: node numbers are computed, not kept in a table'],
];

/** The whole of `docs/CONFIGURATION.md`. */
export function configDocumentation(): string {
  return `${[introduction, ...sectionNames.map(documentSection), documentFormerOptions()].join('\n\n')}\n`;
}

function documentSection(section: string): string {
  return [`### ${section}`, ...entriesOf(section).map(documentOption)].join('\n\n');
}

function documentOption({ id, option }: OptionEntry): string {
  const facts = [...setBy(option), `default: ${defaultOf(option).replaceAll('<', '\\<')}`];
  const mark = option.reloadable ? ' ⟳' : '';
  const text = `**\`${id}\`**${mark} · ${facts.join(' · ')}\\\n${option.help}. _${option.why}._${limitsOf(option)}`;
  return inLinesOf120(text);
}

function inLinesOf120(text: string): string {
  return text.replace(/(?!.{1,120}$)(.{1,120}) /gm, '$1\n');
}

function setBy(option: Option<unknown>): string[] {
  const { flag, env, type } = option;
  const negated = negatedEnvironmentName(option);
  if (flag === undefined) return [`\`${env}\``, 'no flag: it is a secret'];
  if (negated) return [`\`--${flag}\`, \`--no-${flag}\``, `\`${env}\`, \`${negated}\``];
  const separated = type.list ? ` (separated by ${type.list.separatorName})` : '';
  return [`\`--${flag} ${type.placeholder}\``, `\`${env}\`${separated}`];
}

/** As the help and the documentation show it. */
export function defaultOf(option: Option<unknown>): string {
  const written = option.defaultText ?? option.type.toText(option.default);
  return written === '' ? 'none' : written;
}

function limitsOf({ honouredBy }: Option<unknown>): string {
  return honouredBy ? ` Engines: ${honouredBy.map(kind => kind.replace('-', ' ')).join(', ')}.` : '';
}

function documentFormerOptions(): string {
  const introduction =
    'Where each of its settings went. Its environment names began with `TORRENT_FUSE_` too: check them.';
  return ['## Coming from rqbit-fuse', introduction, markdownTable(['rqbit-fuse', 'torrent-fuse'], formerOptions)].join(
    '\n\n',
  );
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(...[head, ...rows].map(row => row[column]?.length ?? 0), title.length),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map(width => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

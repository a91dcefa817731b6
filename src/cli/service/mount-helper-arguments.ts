import { UsageError } from '../errors.ts';

/** Options of mount(8) and of /etc/fstab that are for others, or say what holds anyway. */
const ignored = new Set(
  (
    'defaults rw auto noauto user users nouser owner group nofail _netdev async sync dirsync ' +
    'atime noatime relatime norelatime strictatime nostrictatime lazytime nolazytime diratime nodiratime ' +
    'dev nodev suid nosuid exec noexec mand nomand silent loud iversion noiversion remount'
  ).split(' '),
);

/** What stands in place of a source where there is none to name. */
const noSource = new Set(['none', 'torrent-fuse', 'torrents', '-']);

/**
 * Turns what mount(8) calls a helper with, `SOURCE DIR [-sfnv] [-N NS] [-t TYPE] [-o OPTIONS]`, into arguments of
 * `torrent-fuse mount`. Each of OPTIONS that is not for mount(8) itself is a flag of ours: `read_timeout=5s` is
 * `--read-timeout=5s`.
 *
 * @returns undefined when nothing is to be mounted (`-f`)
 * @throws UsageError
 */
export function mountArguments(args: readonly string[]): string[] | undefined {
  const operands: string[] = [];
  const flags: string[] = [];
  const rest = [...args];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === '-o') flags.push(...flagsOf(rest.shift() ?? ''));
    else if (argument === '-t' || argument === '-N') rest.shift();
    else if (/^-[a-zA-Z]+$/.test(argument)) {
      if (argument.includes('f')) return undefined;
    } else operands.push(argument);
  }
  const [source, mountpoint, ...others] = operands;
  if (source === undefined || mountpoint === undefined || others.length > 0) {
    throw new UsageError('mount(8) calls this with SOURCE DIR [-o OPTIONS]; people call torrent-fuse mount');
  }
  return ['mount', '--daemon', ...flags, '--', ...(noSource.has(source) ? [] : [source]), mountpoint];
}

function flagsOf(options: string): string[] {
  return options.split(',').flatMap(option => {
    const [name = '', ...value] = option.split('=');
    if (name === '' || ignored.has(name) || /^(x-|comment$)/i.test(name)) return [];
    if (name === 'ro') return ['--read-only'];
    return [[`--${name.replaceAll('_', '-')}`, ...value].join('=')];
  });
}

import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** ext4, btrfs and xfs allow 255 bytes; the rest is left for the hash that tells long names apart. */
const NAME_MAX_BYTES = 200;

/** Who asks, as far as the default place depends on it. */
export interface DataDirOwner {
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Where the mount's torrents, payload and journal live unless the user says otherwise: one folder for each mount point,
 * so that the same command finds them again.
 */
export function defaultDataDir(mountpoint: string, owner: DataDirOwner): string {
  return join(dataHome(owner), 'torrent-fuse', escapePath(resolve(mountpoint)));
}

function dataHome({ uid, env }: DataDirOwner): string {
  if (uid === 0) return '/var/lib';
  const xdg = env['XDG_DATA_HOME'];
  if (xdg !== undefined && isAbsolute(xdg)) return xdg; // the XDG specification: relative paths are ignored
  return join(env['HOME'] ?? homedir(), '.local', 'share');
}

/**
 * One file name for an absolute path, as systemd-escape(1) makes it: `/` becomes `-`, and whatever is neither a letter, a digit,
 * `_`, `:` nor `.` becomes `\xNN`, so that no two paths share a name.
 */
export function escapePath(path: string): string {
  const escaped = path
    .replace(/^\/+|\/+$/g, '')
    .split('/')
    .map(escapeComponent)
    .join('-');
  if (escaped === '') return '-';
  if (escaped.length <= NAME_MAX_BYTES) return escaped;
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 16);
  return `${escaped.slice(0, NAME_MAX_BYTES)}-${hash}`;
}

function escapeComponent(component: string): string {
  const bytes = Buffer.from(component, 'utf8');
  return [...bytes].map((byte, index) => escapeByte(byte, index === 0)).join('');
}

function escapeByte(byte: number, first: boolean): string {
  const character = String.fromCharCode(byte);
  const plain = /[A-Za-z0-9:_.]/.test(character) && !(first && character === '.');
  return plain ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
}

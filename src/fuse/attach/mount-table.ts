import { readFileSync } from 'node:fs';

/** A line of /proc/self/mountinfo (proc(5)). */
export interface MountEntry {
  /** Absolute and without symbolic links. */
  readonly mountpoint: string;
  /** Such as `ext4`, or `fuse.sshfs`: the type and the subtype. */
  readonly type: string;
  readonly source: string;
  /** Minor of the device number, which is also the number of a FUSE connection under /sys/fs/fuse/connections. */
  readonly devMinor: number;
}

/** The mounts of this process, later ones on top of earlier ones. Touches none of them, so it cannot hang. */
export function readMountTable(): MountEntry[] {
  return parseMountTable(readFileSync('/proc/self/mountinfo', 'utf8'));
}

export function parseMountTable(text: string): MountEntry[] {
  return text.split('\n').flatMap(line => parseLine(line) ?? []);
}

/** What one sees at `mountpoint`: the last that was mounted there. */
export function topmostAt(table: readonly MountEntry[], mountpoint: string): MountEntry | undefined {
  return table.findLast(entry => entry.mountpoint === mountpoint);
}

/** `id parent major:minor root mountpoint options optional… - type source options` */
function parseLine(line: string): MountEntry | undefined {
  const fields = line.split(' ');
  const separator = fields.indexOf('-', 6);
  const [device, mountpoint] = [fields[2], fields[4]];
  const [type, source] = [fields[separator + 1], fields[separator + 2]];
  if (separator < 0 || device === undefined || mountpoint === undefined) return undefined;
  if (type === undefined || source === undefined) return undefined;
  return {
    mountpoint: unescapeField(mountpoint),
    type,
    source: unescapeField(source),
    devMinor: Number(device.split(':')[1]),
  };
}

/** The kernel writes space, tab, newline, backslash and `#` as three octal digits, and other bytes as they are. */
function unescapeField(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

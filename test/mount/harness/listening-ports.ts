import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** TCP ports on which the process listens, from its descriptors and the kernel's table. */
export function listeningPorts(pid: number): number[] {
  const links = readdirSync(`/proc/${pid}/fd`).map(fd => linkOf(`/proc/${pid}/fd/${fd}`));
  const inodes = new Set(links.flatMap(link => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const rows = ['tcp', 'tcp6'].flatMap(table => readFileSync(`/proc/net/${table}`, 'utf8').trim().split('\n').slice(1));
  return rows
    .map(row => row.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode = '']) => state === LISTEN && inodes.has(inode))
    .map(([, local = '']) => Number.parseInt(local.split(':')[1] ?? '', 16));
}

/** TCP_LISTEN of `net/tcp_states.h`. */
const LISTEN = '0A';

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}

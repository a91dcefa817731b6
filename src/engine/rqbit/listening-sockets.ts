/** A TCP socket that listens, out of `/proc/net/tcp` or `/proc/net/tcp6`. */
export interface ListeningSocket {
  /** Canonical text: `127.0.0.1`, `::1`; a v4-mapped IPv6 address as the IPv4 address. */
  readonly address: string;
  readonly port: number;
  /** User id of its owner. */
  readonly uid: number;
}

/**
 * Parses `/proc/net/tcp` or `/proc/net/tcp6` (proc_pid_net(5)). Addresses are hexadecimal, in 32-bit words of the machine's
 * byte order, which is little-endian wherever Node runs; lines of another form are passed over.
 */
export function parseListeningSockets(table: string): ListeningSocket[] {
  return table.split('\n').flatMap(line => {
    const fields = line.trim().split(/\s+/);
    const [, local = '', , state] = fields;
    const match = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local);
    const uid = Number(fields[7]);
    if (match === null || state !== LISTEN || !Number.isInteger(uid)) return [];
    return [{ address: addressOf(match[1] ?? ''), port: Number.parseInt(match[2] ?? '', 16), uid }];
  });
}

/** TCP_LISTEN, `linux/tcp_states.h`. */
const LISTEN = '0A';

function addressOf(hexadecimal: string): string {
  const words = Buffer.from(hexadecimal, 'hex').swap32();
  if (words.length === 4) return words.join('.');
  if (words.subarray(0, 12).equals(V4_MAPPED)) return words.subarray(12).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => words.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

/** `::ffff:0:0/96` */
const V4_MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';

/**
 * Peers as rqbit takes them: `ip:port`, IPv6 in brackets. Names are resolved here, to all of their addresses; what does not
 * resolve or is no `host:port` is left out, for one bad peer must not keep a torrent from being added.
 */
export async function socketAddresses(peers: readonly string[]): Promise<string[]> {
  const resolved = await Promise.all(peers.map(resolvePeer));
  return [...new Set(resolved.flat())];
}

async function resolvePeer(peer: string): Promise<string[]> {
  const match = /^(?:\[(?<literal>[^\]]+)\]|(?<host>[^:\s]+)):(?<port>\d{1,5})$/.exec(peer);
  const host = match?.groups?.['literal'] ?? match?.groups?.['host'];
  const port = Number(match?.groups?.['port']);
  if (host === undefined || !(port > 0 && port < 65_536)) return [];
  if (isIP(host) !== 0) return [formatted(host, port)];
  try {
    const addresses = await lookup(host, { all: true });
    return addresses.map(({ address }) => formatted(address, port));
  } catch {
    return [];
  }
}

function formatted(address: string, port: number): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

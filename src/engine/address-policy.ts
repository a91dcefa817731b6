import { BlockList, isIPv4, isIPv6 } from 'node:net';

/**
 * Whether an IP address is of the public internet. A URL in a dropped file, or a redirect of a stranger's server, must not
 * make us talk to what only this machine or its network can reach.
 */
export function isPublicAddress(address: string): boolean {
  const [bare = ''] = address.split('%');
  if (isIPv4(bare)) return !notPublic.check(bare, 'ipv4');
  if (!isIPv6(bare)) return false;
  return globalUnicast.check(bare, 'ipv6') && !notPublic.check(bare, 'ipv6');
}

/** IANA special-purpose address registries (RFC 6890), multicast, and what carries an IPv4 address in disguise. */
const notPublic = blockListOf({
  ipv4: [
    ['0.0.0.0', 8], // this network
    ['10.0.0.0', 8], // private, RFC 1918
    ['100.64.0.0', 10], // shared by carrier-grade NAT, RFC 6598
    ['127.0.0.0', 8], // loopback
    ['169.254.0.0', 16], // link-local; cloud metadata services
    ['172.16.0.0', 12], // private
    ['192.0.0.0', 24], // protocol assignments
    ['192.0.2.0', 24], // documentation
    ['192.88.99.0', 24], // 6to4 relays, withdrawn
    ['192.168.0.0', 16], // private
    ['198.18.0.0', 15], // benchmarks
    ['198.51.100.0', 24], // documentation
    ['203.0.113.0', 24], // documentation
    ['224.0.0.0', 4], // multicast
    ['240.0.0.0', 4], // reserved, broadcast
  ],
  ipv6: [
    ['2001::', 23], // protocol assignments, Teredo among them
    ['2001:db8::', 32], // documentation
    ['2002::', 16], // 6to4: an IPv4 address inside
    ['3fff::', 20], // documentation
  ],
});

/** All of IPv6 that is routed; so loopback, unique local, link-local, multicast, v4-mapped and NAT64 are outside. */
const globalUnicast = blockListOf({ ipv4: [], ipv6: [['2000::', 3]] });

type Subnets = readonly (readonly [network: string, prefix: number])[];

function blockListOf(subnets: { readonly ipv4: Subnets; readonly ipv6: Subnets }): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of subnets.ipv4) list.addSubnet(network, prefix, 'ipv4');
  for (const [network, prefix] of subnets.ipv6) list.addSubnet(network, prefix, 'ipv6');
  return list;
}

import { EngineError, type InfoHash, parseInfoHash, type TorrentSource } from '../engine/index.ts';

export type MagnetSource = Extract<TorrentSource, { kind: 'magnet' }>;

/**
 * Reads a magnet link (BEP 9): `xt=urn:btih:` with 40 hexadecimal digits or 32 characters of base32, `dn`, and `x.pe`. Of a
 * hybrid (BEP 52) the v1 hash is taken. Whatever else it names is left in the URI for the engine.
 *
 * @throws EngineError `bad-source`
 */
export function parseMagnet(uri: string): MagnetSource {
  const parameters = new URLSearchParams(uri.slice('magnet:?'.length));
  const topics = [...parameters].filter(([key]) => isTopic(key)).map(([, value]) => value);
  const displayName = parameters.get('dn')?.trim();
  return {
    kind: 'magnet',
    uri,
    infoHash: infoHashOfTopics(topics),
    displayName: displayName === '' ? undefined : displayName,
    peers: parameters.getAll('x.pe').filter(isPeerAddress),
  };
}

/** `tr`, as given. */
export function trackersOf(uri: string): readonly string[] {
  return new URLSearchParams(uri.slice('magnet:?'.length)).getAll('tr').filter(tracker => tracker !== '');
}

/** A magnet link for a bare info hash. */
export function magnetOf(infoHash: InfoHash, displayName?: string): MagnetSource {
  const name = displayName === undefined ? '' : `&dn=${encodeURIComponent(displayName)}`;
  return { kind: 'magnet', uri: `magnet:?xt=urn:btih:${infoHash}${name}`, infoHash, displayName, peers: [] };
}

export function isMagnet(text: string): boolean {
  return /^magnet:\?/i.test(text);
}

/** `xt`, and `xt.1`, `xt.2` where a link has several. */
function isTopic(key: string): boolean {
  return /^xt(\.\d+)?$/i.test(key);
}

function infoHashOfTopics(topics: readonly string[]): InfoHash {
  const v1 = topics.flatMap(topic => /^urn:btih:(.*)$/i.exec(topic)?.[1]?.trim() ?? []);
  for (const text of v1) {
    const infoHash = parseInfoHash(text);
    if (infoHash !== undefined) return infoHash;
  }
  if (v1.length > 0) {
    throw new EngineError(
      'bad-source',
      `the magnet's info hash "${shortened(v1[0] ?? '')}" is neither 40 hexadecimal digits nor 32 characters of base32; copy the link again, whole`,
    );
  }
  if (topics.some(topic => /^urn:btmh:/i.test(topic))) {
    throw new EngineError(
      'bad-source',
      'the magnet is of BitTorrent v2 only (urn:btmh), which no engine here can take; look for a v1 or hybrid link (urn:btih) of it',
    );
  }
  throw new EngineError(
    'bad-source',
    'the magnet names no torrent (xt=urn:btih:…); copy the link again, whole, and put it in quotes',
  );
}

/** `host:port`, the host an IPv4 address, a name, or an IPv6 address in brackets. */
function isPeerAddress(text: string): boolean {
  const port = /^(?:\[[0-9a-f:.]+\]|[^\s:[\]/]+):(\d{1,5})$/i.exec(text)?.[1];
  return port !== undefined && Number(port) > 0 && Number(port) < 65536;
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

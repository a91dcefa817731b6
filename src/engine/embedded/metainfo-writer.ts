import { BencodeReader } from '../bencode-reader.ts';

/** A .torrent file (BEP 3, BEP 12) around the exact bytes of an info dictionary that a peer sent. */
export function writeMetainfo(infoBytes: Uint8Array, trackers: readonly string[]): Uint8Array {
  const tiers = trackers.map(tracker => `l${byteString(tracker)}e`).join('');
  const announceList = trackers.length === 0 ? '' : `${byteString('announce-list')}l${tiers}e`;
  return Buffer.concat([Buffer.from(`d${announceList}4:info`), infoBytes, Buffer.from('e')]);
}

/** The trackers of a .torrent file: those of `announce-list` (BEP 12), else `announce`. Only what we can speak to. */
export function trackersOf(metainfo: Uint8Array): string[] {
  const reader = new BencodeReader(metainfo);
  const single: string[] = [];
  const listed: string[] = [];
  reader.readDictionary(key => {
    if (key === 'announce' && reader.peek() === 'string') single.push(text(reader.readString()));
    else if (key === 'announce-list' && reader.peek() === 'list') readTiers(reader, listed);
    else reader.skip();
  });
  return usableTrackers(listed.length > 0 ? listed : single);
}

/** Trackers over WebSocket are for WebRTC peers, which we cannot meet. No real torrent needs a hundred. */
export function usableTrackers(trackers: readonly string[]): string[] {
  return [...new Set(trackers)].filter(tracker => /^(https?|udp):\/\//i.test(tracker)).slice(0, 100);
}

function readTiers(reader: BencodeReader, into: string[]): void {
  reader.readList(() => {
    if (reader.peek() !== 'list') {
      reader.skip();
      return;
    }
    reader.readList(() => {
      if (reader.peek() === 'string') into.push(text(reader.readString()));
      else reader.skip();
    });
  });
}

function byteString(value: string): string {
  return `${Buffer.byteLength(value)}:${value}`;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

import { expect, test } from 'vitest';
import { trackersOf, usableTrackers, writeMetainfo } from '../../../src/engine/embedded/metainfo-writer.ts';
import { infoDictionaryOf, parseMetainfo } from '../../../src/engine/metainfo.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';

const torrent = makeTorrent({ name: 'resolved', content: 'abc' });

test('a .torrent around an info dictionary keeps its exact bytes, and the trackers', () => {
  const trackers = ['http://one.example/announce', 'udp://two.example:80'];
  const metainfo = writeMetainfo(torrent.infoBytes, trackers);
  expect(parseMetainfo(metainfo).infoHash).toBe(torrent.infoHash);
  expect(Buffer.from(infoDictionaryOf(metainfo))).toEqual(torrent.infoBytes);
  expect(trackersOf(metainfo)).toEqual(trackers);
  expect(trackersOf(writeMetainfo(torrent.infoBytes, []))).toEqual([]);
});

test('the list of trackers comes before the single one (BEP 12), and rubbish in it is passed over', () => {
  const outer = { announce: 'http://single.example', 'announce-list': [['http://a.example', 5], 'x', []] };
  expect(trackersOf(makeTorrent({ name: 't', content: 'a', outer }).bytes)).toEqual(['http://a.example']);
  const single = { announce: 'http://single.example', 'announce-list': 'x' };
  expect(trackersOf(makeTorrent({ name: 't', content: 'a', outer: single }).bytes)).toEqual(['http://single.example']);
  expect(trackersOf(makeTorrent({ name: 't', content: 'a', outer: { announce: 5 } }).bytes)).toEqual([]);
});

test('only trackers that can be spoken to are used, once each and not without end', () => {
  expect(usableTrackers(['wss://w.example', 'HTTP://h.example', 'HTTP://h.example', 'file:///etc/passwd'])).toEqual([
    'HTTP://h.example',
  ]);
  expect(usableTrackers(Array.from({ length: 500 }, (_, at) => `udp://${at}.example`))).toHaveLength(100);
});

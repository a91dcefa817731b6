import { expect, test } from 'vitest';
import { MagnetResolver } from '../../../src/engine/embedded/magnet-resolver.ts';
import { infoHashOf, parseMetainfo } from '../../../src/engine/metainfo.ts';
import { bencode } from '../../fixtures/bencode.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { FakeSwarms } from './fake-swarm.ts';

const torrent = makeTorrent({ name: 'wanted', content: 'abc' });
const never = new AbortController().signal;

function setUp(infoHash = torrent.infoHash, keep: (metainfo: Uint8Array) => void = () => {}) {
  const swarms = new FakeSwarms();
  const resolved: { metainfo: Uint8Array; peers: readonly string[] }[] = [];
  let givenUp = 0;
  const resolver = new MagnetResolver({
    infoHash,
    trackers: ['http://tracker.example'],
    peers: ['127.0.0.1:1'],
    swarm: swarms,
    onResolved: (metainfo, { peers }) => {
      keep(metainfo);
      resolved.push({ metainfo, peers });
    },
    onGivenUp: () => givenUp++,
  });
  return { resolver, swarms, resolved, givenUp: () => givenUp };
}

test('those who wait share what the first peer sends', async () => {
  const { resolver, swarms, resolved } = setUp();
  const waits = [resolver.wait(['127.0.0.2:2'], never), resolver.wait(['127.0.0.3:3'], never)];
  expect(swarms.member.dialled).toEqual(['127.0.0.1:1', '127.0.0.2:2', '127.0.0.3:3']);
  swarms.member.events.onInfo(torrent.infoBytes);
  swarms.member.events.onInfo(torrent.infoBytes);
  await Promise.all(waits);
  expect(resolved).toHaveLength(1);
  expect(resolved[0]?.peers).toEqual(['127.0.0.2:2', '127.0.0.3:3']);
  expect(parseMetainfo(resolved[0]?.metainfo ?? new Uint8Array()).infoHash).toBe(torrent.infoHash);
  expect(swarms.member.hasLeft).toBe(false);
});

test('one who gives up leaves it to the others, the last one ends it', async () => {
  const { resolver, swarms, givenUp } = setUp();
  const [first, last] = [new AbortController(), new AbortController()] as const;
  const waits = [resolver.wait([], first.signal), resolver.wait([], last.signal)] as const;
  first.abort(new Error('first'));
  await expect(waits[0]).rejects.toThrow('first');
  expect([givenUp(), swarms.member.hasLeft]).toEqual([0, false]);
  last.abort(new Error('last'));
  await expect(waits[1]).rejects.toThrow('last');
  expect([givenUp(), swarms.member.hasLeft]).toEqual([1, true]);
});

test('metadata of another torrent is nobody’s', async () => {
  const { resolver, swarms, resolved } = setUp();
  const wait = resolver.wait([], never);
  swarms.member.events.onInfo(makeTorrent({ name: 'another', content: 'abc' }).infoBytes);
  expect(resolved).toEqual([]);
  swarms.member.events.onInfo(torrent.infoBytes);
  await wait;
});

test('metadata that no engine here can take ends the wait and says why', async () => {
  const v2 = bencode({ name: 'v2', 'piece length': 16384, 'meta version': 2, 'file tree': {} });
  const { resolver, swarms, givenUp } = setUp(infoHashOf(v2));
  const wait = resolver.wait([], never);
  swarms.member.events.onInfo(v2);
  await expect(wait).rejects.toMatchObject({ code: 'bad-source', message: expect.stringContaining('BEP 52') });
  expect([givenUp(), swarms.member.hasLeft]).toEqual([1, true]);
});

test.each(['ENOSPC', 'EDQUOT'])('%s while the metadata is kept ends the wait for want of space', async code => {
  const { resolver, swarms, givenUp } = setUp(torrent.infoHash, () => {
    throw Object.assign(new Error(code), { code });
  });
  const wait = resolver.wait([], never);
  swarms.member.events.onInfo(torrent.infoBytes);
  await expect(wait).rejects.toMatchObject({ code: 'no-space' });
  expect([givenUp(), swarms.member.hasLeft]).toEqual([1, true]);
});

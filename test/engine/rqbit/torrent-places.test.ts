import { describe, expect, it } from 'vitest';
import { type InfoHash, parseInfoHash } from '../../../src/engine/index.ts';
import { placeOf, TorrentPlaces } from '../../../src/engine/rqbit/torrent-places.ts';

function hash(digit: string): InfoHash {
  const infoHash = parseInfoHash(digit.repeat(40));
  if (infoHash === undefined) throw new Error('40 digits are an info hash');
  return infoHash;
}

const [one, two] = [hash('1'), hash('2')];
const folder = { name: 'film', onlyPath: undefined };

describe('the place of a torrent that is added', () => {
  it('is a folder of its own where another of its name is, or was', () => {
    const places = new TorrentPlaces();
    expect(places.ownFolder(one, folder)).toBeUndefined();
    places.note(one, placeOf('/downloads/film/', undefined));
    expect(places.ownFolder(one, folder)).toBeUndefined();
    places.update(new Map());
    expect(places.ownFolder(two, folder)).toBe(two);
  });

  it('is that of its name once the data of the other is deleted, or lies elsewhere', () => {
    const places = new TorrentPlaces();
    places.update(new Map([[one, '/downloads/film']]));
    places.forget(one);
    expect(places.ownFolder(two, folder)).toBeUndefined();
    places.update(new Map([[one, '/downloads/film']]));
    places.note(one, '/downloads/other');
    expect(places.ownFolder(two, folder)).toBeUndefined();
  });

  it('is not shared by a single file and a folder of one name', () => {
    const places = new TorrentPlaces();
    places.note(one, placeOf('/downloads', ['film']));
    expect(places.ownFolder(two, folder)).toBe(two);
  });

  it('is shared with nobody who has a folder of its own', () => {
    const places = new TorrentPlaces();
    places.note(one, placeOf(`/downloads/${one}`, ['film']));
    expect(places.ownFolder(two, folder)).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import type { MountedTorrent } from '../../src/fs/torrent-root.ts';
import { buildTorrentTree } from '../../src/fs/torrent-tree-builder.ts';
import { FilePlaces, filePieces } from '../../src/mount/observation/file-places.ts';
import { detailsOfFiles } from '../fixtures/torrent-details.ts';

const KiB = 1 << 10;
const details = detailsOfFiles([
  { path: 'disc 2/b.flac', length: 40 * KiB },
  { path: '.pad/1', length: 100, padding: true },
  { path: 'disc 1/a.flac', length: 20 * KiB },
  { path: 'link', length: 0, symlinkTarget: ['disc 1', 'a.flac'] },
  { path: 'disc 1/empty', length: 0 },
]);
const { infoHash } = details;
const tree = buildTorrentTree(details, 0);
const mounted = { infoHash, name: 'Album [1]', tree } as MountedTorrent; // the rest of it is not looked at

describe('the place of a file', () => {
  const places = new FilePlaces();

  it('is below the name that the torrent has in the mount', () => {
    expect([0, 2, 4].map(index => places.pathOf(mounted, index))).toEqual([
      'Album [1]/disc 2/b.flac',
      'Album [1]/disc 1/a.flac',
      'Album [1]/disc 1/empty',
    ]);
  });

  it('is none for padding, and for what the torrent does not have', () => {
    expect([1, 5, 1000].map(index => places.pathOf(mounted, index))).toEqual([undefined, undefined, undefined]);
  });

  it('is listed for every file with bytes of its own, no symlink among them', () => {
    const files = places.filesOf(mounted).toSorted((one, other) => one.fileIndex - other.fileIndex);
    expect(files).toEqual([
      { infoHash, fileIndex: 0, path: 'Album [1]/disc 2/b.flac', length: 40 * KiB },
      { infoHash, fileIndex: 2, path: 'Album [1]/disc 1/a.flac', length: 20 * KiB },
      { infoHash, fileIndex: 4, path: 'Album [1]/disc 1/empty', length: 0 },
    ]);
  });
});

describe('the pieces of a file', () => {
  const held = { has: (piece: number) => piece !== 2 };

  it('are those that it spans, the first and the last in part, and which of them are held', () => {
    // Pieces of 16 KiB: the file begins 100 bytes and 8 KiB into piece 2.
    expect(filePieces({ details, fileIndex: 2, path: 'a.flac' }, held)).toEqual({
      ...{ infoHash, fileIndex: 2, path: 'a.flac', length: 20 * KiB, pieceLength: 16 * KiB },
      ...{ firstPiece: 2, leadBytes: 8 * KiB + 100, pieceCount: 2, bitfield: Uint8Array.of(0b0100_0000) },
    });
  });

  it('are none for an empty file', () => {
    const pieces = filePieces({ details, fileIndex: 4, path: 'empty' }, held);
    expect(pieces).toMatchObject({ pieceCount: 0, bitfield: new Uint8Array(0) });
  });

  it('are unknown for a file that the torrent does not have', () => {
    expect(filePieces({ details, fileIndex: 5, path: 'gone' }, held)).toBeUndefined();
  });
});

import { expect, it } from 'vitest';
import { WantedPieces } from '../../../src/engine/embedded/wanted-pieces.ts';
import type { FileWishes } from '../../../src/engine/index.ts';
import { parseMetainfo } from '../../../src/engine/metainfo.ts';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';

// Four files of two pieces and a half each: 0-2, 2-4, 5-7, 7-9.
const PIECE = 1024;
const files = ['a', 'b', 'c', 'd'].map(path => ({ path, content: patternContent(2.5 * PIECE, path) }));
const details = parseMetainfo(makeTorrent({ name: 'four', files, pieceLength: PIECE }).bytes);
const file = (first: number, endExclusive = first + 1) => ({ first, endExclusive });

function wanted(wishes: Partial<FileWishes>, byDefault = false) {
  return new WantedPieces(details, { byDefault, wishes: { wanted: [], unwanted: [], ...wishes } });
}

it('nothing by default, or everything', () => {
  expect(wanted({}).missing(() => false)).toEqual([]);
  expect(wanted({}, true).missing(() => false)).toEqual([{ first: 0, end: 10 }]);
});

it('the pieces of the files that are wished, in the order of the wishes', () => {
  const pieces = wanted({ wanted: [file(3), file(0, 2)] });
  expect(pieces.missing(() => false)).toEqual([
    { first: 7, end: 10 },
    { first: 0, end: 5 },
  ]);
});

it('where everything is wanted, all but what is not, what is wished first', () => {
  const pieces = wanted({ wanted: [file(2)], unwanted: [file(0)] }, true);
  expect(pieces.missing(() => false)).toEqual([
    { first: 5, end: 8 },
    { first: 2, end: 5 },
    { first: 7, end: 10 },
  ]);
});

it('from the first missing piece on, also when one is lost again', () => {
  const pieces = wanted({ wanted: [file(1)] });
  expect(pieces.missing(piece => piece < 4)).toEqual([{ first: 4, end: 5 }]);
  pieces.reset();
  expect(pieces.missing(piece => piece === 2)).toEqual([{ first: 3, end: 5 }]);
});

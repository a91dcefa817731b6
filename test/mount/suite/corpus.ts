import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesContent, type Content, patternContent, sparseContent } from '../../fixtures/content.ts';
import { type FilePlan, type MadeTorrent, magnetOf, makeTorrent, writePayload } from '../../fixtures/make-torrent.ts';
import { runOk } from '../harness/run.ts';

/**
 * The torrents that every engine's mount must show and read right. Made once for a run of the suite, seeded by a real client.
 * Plain data, since it is handed from vitest's global setup to the tests.
 */
export interface Corpus {
  /** `host:port` of the seeder. */
  readonly peer: string;
  /** Where the payload lies, as the seeder has it. */
  readonly payloadDir: string;
  readonly torrents: Readonly<Record<CorpusName, CorpusTorrent>>;
}

interface MadeCorpus {
  readonly corpus: Omit<Corpus, 'peer'>;
  readonly seeded: readonly MadeTorrent[];
}

export type CorpusName = 'big' | 'random' | 'tree' | 'huge' | 'media';

export interface CorpusTorrent {
  readonly name: string;
  readonly infoHash: string;
  /** Path of the .torrent file. */
  readonly torrentFile: string;
  readonly magnet: string;
  /** Path of the file or folder that the mount's entry must equal. */
  readonly payload: string;
}

/** The 4.5 GiB file has bytes only around these offsets, and at its end. */
export const HUGE_SIZE = 4.5 * 2 ** 30;
export const HUGE_LANDMARKS = [2 ** 31, 2 ** 32, HUGE_SIZE - 2 ** 20] as const;

export const TREE_FILE_COUNT = 2000;

/** Makes torrents and payload below `folder`; `seeded` is what a seeder needs. */
export async function makeCorpus(folder: string): Promise<MadeCorpus> {
  const payloadDir = join(folder, 'payload');
  await mkdir(payloadDir);
  const made: Record<CorpusName, MadeTorrent> = {
    big: makeTorrent({ name: 'big.bin', content: patternContent(300 * 2 ** 20, 'big'), pieceLength: 2 ** 20 }),
    random: makeTorrent({
      name: 'random.bin',
      content: patternContent(96 * 2 ** 20 + 12345, 'random'),
      pieceLength: 2 ** 18,
    }),
    tree: makeTorrent({ name: 'Дерево 🌳', files: treeFiles(), pieceLength: 2 ** 16, creationDate: 1_600_000_000 }),
    huge: makeTorrent({ name: 'huge.bin', content: hugeContent(), pieceLength: 2 ** 22 }),
    media: makeTorrent({ name: 'media', files: await mediaFiles(folder), pieceLength: 2 ** 17 }),
  };
  const torrents = await Promise.all(
    Object.entries(made).map(async ([key, torrent]): Promise<[string, CorpusTorrent]> => {
      const torrentFile = join(folder, `${key}.torrent`);
      await writeFile(torrentFile, torrent.bytes);
      writePayload(torrent, payloadDir);
      return [key, describeTorrent(torrent, torrentFile, payloadDir)];
    }),
  );
  return {
    corpus: { payloadDir, torrents: Object.fromEntries(torrents) as Record<CorpusName, CorpusTorrent> },
    seeded: Object.values(made),
  };
}

function describeTorrent(torrent: MadeTorrent, torrentFile: string, payloadDir: string): CorpusTorrent {
  const { name, infoHash } = torrent;
  return { name, infoHash, torrentFile, magnet: magnetOf(torrent), payload: join(payloadDir, name) };
}

/** 2,000 files in nested folders, names in several scripts, sizes from nothing to 40 KB. */
function treeFiles(): FilePlan[] {
  const folders = [
    'plain',
    'с пробелом',
    '日本語/深い/フォルダ',
    'عربي',
    'emoji 😀',
    'quote\'s "double"',
    'e\u0301 and é',
  ];
  return Array.from({ length: TREE_FILE_COUNT }, (_, index) => {
    const folder = folders[index % folders.length];
    const group = `group ${Math.floor(index / 100)}`;
    const size = index === 0 ? 0 : (index * 7919) % 40_961;
    return { path: `${folder}/${group}/файл-${index}.dat`, content: patternContent(size, `tree ${index}`) };
  });
}

function hugeContent(): Content {
  const around = HUGE_LANDMARKS.map(landmark => {
    const offset = landmark - 2 ** 20;
    return { offset, bytes: patternContent(2 ** 21, `huge ${landmark}`).read(0, 2 ** 21) };
  });
  return sparseContent(HUGE_SIZE, around);
}

/** A video that ffprobe understands and a database that sqlite3 can query, among files that keep them off piece boundaries. */
async function mediaFiles(folder: string): Promise<FilePlan[]> {
  const video = join(folder, 'video.mp4');
  await runOk('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=duration=20:size=640x360:rate=25'],
    ...['-c:v', 'libx264', '-b:v', '2M', '-minrate', '2M', '-y', video],
  ]);
  const database = join(folder, 'library.sqlite');
  await runOk('sqlite3', [database], { input: DATABASE_SQL });
  return [
    { path: 'README.txt', content: 'a file of odd length\n' },
    { path: 'video/sample video.mp4', content: bytesContent(readFileSync(video)) },
    { path: 'data/library.sqlite', content: bytesContent(readFileSync(database)) },
    { path: 'tail.bin', content: patternContent(100_001, 'tail') },
  ];
}

const DATABASE_SQL = `
CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO book SELECT i, 'title ' || i, hex(printf('%0300d', i * 7919)) FROM n;
CREATE INDEX book_title ON book (title);
`;

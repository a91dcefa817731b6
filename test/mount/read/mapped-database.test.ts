import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LyingRqbit } from '../../fakes/lying-rqbit.ts';
import { bytesContent, type Content } from '../../fixtures/content.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { mountTorrents } from '../harness/mount-torrents.ts';
import { runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';
import type { EngineKind } from '../management/managed-mount.ts';
import { overRqbit } from '../rqbit/over-rqbit.ts';
import { OneFileMount } from './one-file-mount.ts';

const PIECE = 2 ** 16;

/** A table, then several megabytes that no query of the test looks at, then the table's index. */
const DATABASE = `
CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
INSERT INTO book SELECT i, 'title ' || i, hex(printf('%0200d', i * 7919)) FROM n;
CREATE TABLE filler (body BLOB);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 800)
INSERT INTO filler SELECT randomblob(8000) FROM n;
CREATE INDEX book_title ON book (title);
`;

/** Maps the file into memory, says so, and asks by index and by table. */
const QUERIES = `
PRAGMA mmap_size=268435456;
SELECT id, length(body) FROM book WHERE title = 'title 1234';
SELECT count(*), sum(length(body)) FROM book;
.shell grep -c "$DATABASE" /proc/$PPID/maps
`;

/** Each gives the path of a mounted database that is not wholly held. */
const mounts: Readonly<Record<EngineKind, (content: Content) => Promise<{ path: string }>>> = {
  embedded: content => OneFileMount.start({ content, pieceLength: PIECE }),
  async rqbit(content) {
    const server = await LyingRqbit.start();
    onTestFinished(() => server.stop());
    const torrent = makeTorrent({ name: 'file', content, pieceLength: PIECE });
    const served = server.add(torrent.bytes);
    served.content = content;
    const pieces = Array.from({ length: served.details.pieceCount }, (_, piece) => piece);
    const middle = pieces.length / 2;
    served.hold(pieces.filter(piece => Math.abs(piece - middle) > 10)); // nobody brings the others
    const mount = await mountTorrents([], { args: overRqbit(server) });
    await mount.untilListed([torrent.name]);
    return { path: mount.path(torrent.name) };
  },
};

describe.each<EngineKind>(['embedded', 'rqbit'])('over %s', kind => {
  it('sqlite3 reads a database through mmap in a file that is not wholly held', async () => {
    const folder = await scratchFolder();
    const original = join(folder, 'original');
    await runOk('sqlite3', [original], { input: DATABASE });
    const { path } = await mounts[kind](bytesContent(await readFile(original)));
    const [limit, ...answers] = await query(path);
    expect(limit).toBe('268435456');
    expect(answers.slice(0, 2)).toEqual(['1234|400', '3000|1200000']);
    expect(Number(answers[2])).toBeGreaterThan(0); // it is mapped
    const held = await runOk('getfattr', ['--only-values', '-n', 'user.torrent.progress', path]);
    expect(Number(held)).toBeLessThan(100);
  });
});

/** Lines of the answer. */
async function query(path: string): Promise<string[]> {
  const options = { input: QUERIES, env: { ...process.env, DATABASE: path }, timeoutMs: 60_000 };
  return (await runOk('sqlite3', [`file:${encodeURI(path)}?immutable=1`], options)).trim().split('\n');
}

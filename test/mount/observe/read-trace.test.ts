import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { RqbitServer } from '../../swarm/rqbit-server.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { LOOPBACK_ONLY } from '../harness/mount-process.ts';
import { mountTorrents } from '../harness/mount-torrents.ts';
import { runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';
import { overRqbit } from '../rqbit/over-rqbit.ts';

const KiB = 2 ** 10;
const film = makeTorrent({
  name: 'film.mkv',
  content: patternContent(32 * KiB * KiB, 'film'),
  pieceLength: 256 * KiB,
});
/** Of the read that is followed. */
const OFFSET = 8 * KiB * KiB;
const SIZE = 128 * KiB;

describe('the debug log follows a read by its number', () => {
  test('embedded: from the request through cache and fetch to what the engine is asked for, and to the reply', async () => {
    const log = await readAndKeepLog([...LOOPBACK_ONLY]);
    const read = log.idOfRead(OFFSET, SIZE);
    expect(log.follow(read)).toEqual([
      `fast: READ ${read} ..`,
      `slow: READ ${read} ..`,
      'the cache lacks what is read',
      'a read waits for a fetch',
      'a stream wants bytes of the torrent',
      `slow: READ ${read} -> ${SIZE} bytes`,
    ]);
    expect(log.line(read, 'a stream wants bytes of the torrent')).toMatchObject({
      fileIndex: 0,
      start: OFFSET,
      reads: [read],
    });
    expect(log.line(read, 'a read waits for a fetch')).toMatchObject({ from: OFFSET, to: OFFSET + SIZE });
  });

  test('rqbit: to the HTTP request that was sent for it, its status and its reply', async () => {
    const server = await RqbitServer.start();
    const log = await readAndKeepLog(overRqbit(server, '--rqbit-on-demand'));
    const read = log.idOfRead(OFFSET, SIZE);
    const path = log.follow(read);
    expect(path.slice(0, 5)).toEqual([
      `fast: READ ${read} ..`,
      `slow: READ ${read} ..`,
      'the cache lacks what is read',
      'a read waits for a fetch',
      'rqbit is asked for a stream',
    ]);
    expect(path.indexOf('rqbit answered with a stream')).toBeLessThan(
      path.indexOf(`slow: READ ${read} -> ${SIZE} bytes`),
    );
    const call = `GET /torrents/${film.infoHash}/stream/0`;
    expect(log.line(read, 'rqbit is asked for a stream')).toMatchObject({ call, reads: [read] });
    expect(log.line(read, 'rqbit answered with a stream')).toMatchObject({ call, status: 206, reads: [read] });
    expect(log.lines).toContainEqual(
      expect.objectContaining({ msg: 'rqbit answered', call: 'GET /torrents', status: 200, ms: expect.any(Number) }),
    );
  });

  test('a read that the cache answers goes no further than the fast lane', async () => {
    const log = await readAndKeepLog([...LOOPBACK_ONLY]);
    const again = log.idOfRead(OFFSET + 4 * KiB, 4 * KiB);
    expect(log.follow(again)).toEqual([`fast: READ ${again} ..`, `fast: READ ${again} -> 4096 bytes`]);
  });

  test('nothing of it is written at info', async () => {
    const log = await readAndKeepLog([...LOOPBACK_ONLY], 'info');
    expect(log.lines.map(({ level }) => level)).not.toContain('debug');
    expect(JSON.stringify(log.lines)).not.toMatch(/READ|a read waits|stream/);
  });
});

/** Mounts the film, reads a part of it and again some bytes of the same, and unmounts. */
async function readAndKeepLog(engine: readonly string[], level = 'debug'): Promise<ReadLog> {
  const seeder = await Seeder.start({ torrents: [film] });
  const logFile = join(await scratchFolder(), 'log');
  const logging = ['--log-level', level, '--log-format', 'json', '--log-file', logFile];
  const mount = await mountTorrents([film], { args: [...engine, '--peer', seeder.address, ...logging] });
  const script =
    'exec 3< "$1"; dd bs=131072 count=1 skip=64 status=none <&3 >/dev/null; exec 3< "$1"; dd bs=4096 count=1 skip=2049 status=none <&3 >/dev/null';
  await runOk('bash', ['-c', script, 'bash', mount.path('film.mkv')]);
  await mount.stop();
  return new ReadLog(await readFile(logFile, 'utf8'));
}

type Line = Readonly<Record<string, unknown>>;

class ReadLog {
  readonly lines: readonly Line[];

  constructor(text: string) {
    this.lines = text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Line); // each a JSON object, as the log's own tests show
  }

  /** `#<number>` of the request that asked for these bytes. */
  idOfRead(offset: number, size: number): string {
    const request = new RegExp(`^READ (#\\d+) .* offset ${offset} size ${size} flags RDONLY`);
    return this.lines.flatMap(({ msg }) => request.exec(String(msg))?.[1] ?? [])[0] ?? 'not logged';
  }

  /** What was said of the read, in order, each once; of the request only that it was one. */
  follow(read: string): string[] {
    const said = this.#about(read).map(({ lane, msg }) => {
      const text = String(msg).replace(new RegExp(`^READ ${read} node .*`), `READ ${read} ..`);
      return lane === undefined ? text : `${lane}: ${text}`;
    });
    return [...new Set(said)];
  }

  line(read: string, message: string): Line | undefined {
    return this.#about(read).find(({ msg }) => msg === message);
  }

  #about(read: string): Line[] {
    const name = new RegExp(`${read}\\b`);
    return this.lines.filter(line => name.test(JSON.stringify(line)));
  }
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { patternContent } from '../../fixtures/content.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { type MadeTorrent, makeTorrent, writePayload } from '../../fixtures/make-torrent.ts';
import { RqbitServer, type RqbitServerOptions } from '../../swarm/rqbit-server.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { type CheckedRead, checkedRead } from '../harness/checked-read.ts';
import { type MountProcess, NOBODY } from '../harness/mount-process.ts';
import { mountTorrents } from '../harness/mount-torrents.ts';
import { shell } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';
import { overRqbit } from './over-rqbit.ts';

const SIZE = 3_000_000;

const seasons = ['one', 'two'].map(seed =>
  makeTorrent({
    name: 'Season',
    pieceLength: 2 ** 17,
    files: [
      { path: 'a.mkv', content: patternContent(SIZE, seed) },
      { path: 'b.txt', content: seed },
    ],
  }),
);
const films = ['one', 'two'].map(seed =>
  makeTorrent({ name: 'film.mkv', pieceLength: 2 ** 17, content: patternContent(SIZE, seed) }),
);
const all = [...seasons, ...films];

/** All files are a seeder's, and the entries of the torrents that a test adds are read in a mount. */
class SharedNames {
  readonly server: RqbitServer;
  readonly seeder: Seeder;
  readonly mount: MountProcess;
  readonly #folder: string;
  readonly #uid: number | undefined;

  private constructor(parts: {
    server: RqbitServer;
    seeder: Seeder;
    mount: MountProcess;
    folder: string;
    uid: number | undefined;
  }) {
    this.server = parts.server;
    this.seeder = parts.seeder;
    this.mount = parts.mount;
    this.#folder = parts.folder;
    this.#uid = parts.uid;
  }

  /** @param uid who mounts; whoever is not root cannot read the server's folder */
  static async start(uid: number | undefined, options: RqbitServerOptions = {}): Promise<SharedNames> {
    const folder = await scratchFolder();
    for (const torrent of all) {
      await writeFile(join(folder, `${torrent.infoHash}.torrent`), torrent.bytes);
      writePayload(torrent, join(folder, torrent.infoHash));
    }
    const [seeder, server] = await Promise.all([Seeder.start({ torrents: all }), RqbitServer.start(options)]);
    const mount = await mountTorrents([], { args: overRqbit(server, '--peer', seeder.address), uid });
    return new SharedNames({ server, seeder, mount, folder, uid });
  }

  async drop({ infoHash }: MadeTorrent): Promise<void> {
    await this.#ok('cp "$1" "$2"', join(this.#folder, `${infoHash}.torrent`), this.mount.mountpoint);
  }

  /** Added by somebody who lets rqbit choose where. */
  async addToRqbit({ bytes }: MadeTorrent): Promise<void> {
    await this.post(`torrents?overwrite=true&initial_peers=${this.seeder.address}`, bytes);
  }

  async post(path: string, body: Uint8Array | null = null): Promise<void> {
    const response = await fetch(new URL(path, this.server.url), { method: 'POST', body });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  }

  async untilDownloaded({ infoHash }: MadeTorrent): Promise<void> {
    await eventually(async () => {
      const response = await fetch(new URL(`torrents/${infoHash}/stats/v1`, this.server.url));
      expect(await response.json()).toMatchObject({ finished: true });
    }, 60_000);
  }

  async list(): Promise<string[]> {
    return (await this.#ok('ls -1 "$1"', this.mount.mountpoint)).trim().split('\n');
  }

  /** Until the root shows these names and no other. */
  untilListed(names: readonly string[]): Promise<void> {
    return eventually(async () => expect(await this.list()).toEqual([...names].sort()), 60_000);
  }

  /** Of the torrent's first file, whatever the entry is called. */
  read(entry: string, { infoHash, files }: MadeTorrent): Promise<CheckedRead> {
    const path = files[0]?.path ?? '';
    const inside = path.split('/').slice(1);
    const source = join(this.#folder, infoHash, path);
    return checkedRead(this.mount.path(entry, ...inside), source, this.#uid === undefined ? {} : { uid: this.#uid });
  }

  async statusOf(entry: string): Promise<unknown> {
    return JSON.parse(await this.#ok('getfattr --only-values -n user.torrent.status "$1"', this.mount.path(entry)));
  }

  async #ok(script: string, ...args: readonly string[]): Promise<string> {
    const [command, words] = this.mount.asMounter('bash', ['-c', script, 'bash', ...args]);
    const finished = await shell('"$@"', [command, ...words]);
    if (finished.code !== 0) throw new Error(`${script}: ${finished.stderr}${this.mount.output}`);
    return finished.stdout;
  }
}

const whole: CheckedRead = { right: SIZE, errno: null, wrong: false };

function entryOf({ name, infoHash }: MadeTorrent): string {
  const mark = ` [${infoHash.slice(0, 8)}]`;
  return name.endsWith('.mkv') ? name.replace('.mkv', `${mark}.mkv`) : name + mark;
}

describe.each([
  ['over HTTP alone', NOBODY],
  ['with the data on this machine', undefined],
])('torrents of one name, %s', (_, uid) => {
  it('are all shown with the begin of their info hash, and each has its own bytes', async () => {
    const shared = await SharedNames.start(uid);
    for (const torrent of all) await shared.drop(torrent);
    await shared.untilListed(all.map(entryOf));
    for (const torrent of all) await shared.untilDownloaded(torrent);
    for (const torrent of all) expect(await shared.read(entryOf(torrent), torrent)).toEqual(whole);
  });

  it('that somebody let rqbit write over each other give right bytes or EIO', async () => {
    const shared = await SharedNames.start(uid);
    for (const torrent of all) {
      await shared.addToRqbit(torrent);
      await shared.untilDownloaded(torrent);
    }
    await shared.untilListed(all.map(entryOf));
    const reads = await Promise.all(all.map(torrent => shared.read(entryOf(torrent), torrent)));
    for (const read of reads) expect(read.wrong).toBe(false);
    // What rqbit wrote last it did not lose; what it overwrote it takes for right.
    expect(reads.map(({ errno }) => errno)).toEqual(['EIO', null, 'EIO', null]);
  });

  it('of which one gets the number of the other, deleted while it was read, are not mixed up', async () => {
    const shared = await SharedNames.start(uid, { persistence: true });
    const [old, young] = films as [MadeTorrent, MadeTorrent];
    await shared.addToRqbit(old);
    await shared.untilListed(['film.mkv']);
    expect(await shared.read('film.mkv', old)).toEqual(whole);
    expect(await shared.statusOf('film.mkv')).toMatchObject({ torrent_id: 0, info_hash: old.infoHash });
    const [command, args] = shared.mount.asMounter('bash', [
      '-c',
      'exec 3< "$1"; head -c 100 <&3 > /dev/null; echo open; read -r; cat <&3',
      'bash',
      shared.mount.path('film.mkv'),
    ]);
    const held = spawn(command, [...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    const gone = once(held, 'close');
    onTestFinished(() => void held.kill('SIGKILL'));
    await once(held.stdout, 'data');
    await shared.post('torrents/0/delete');
    await shared.addToRqbit(young);
    const response = await fetch(new URL('torrents/0', shared.server.url));
    expect(await response.json()).toMatchObject({ info_hash: young.infoHash });
    const rest: Buffer[] = [];
    held.stdout.on('data', chunk => rest.push(chunk));
    await eventually(async () => {
      expect(await shared.statusOf('film.mkv')).toMatchObject({ torrent_id: 0, info_hash: young.infoHash });
    });
    expect(await shared.read('film.mkv', young)).toEqual(whole);
    held.stdin.end('\n');
    await gone;
    const got = Buffer.concat(rest);
    const expected = patternContent(SIZE, 'one').read(100, got.length);
    expect(got.equals(expected), 'whoever has the old file open gets its bytes or none').toBe(true);
  });
});

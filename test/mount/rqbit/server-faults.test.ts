import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { patternContent } from '../../fixtures/content.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { makeTorrent, writePayload } from '../../fixtures/make-torrent.ts';
import { RecordingProxy } from '../../swarm/recording-proxy.ts';
import { RqbitServer } from '../../swarm/rqbit-server.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { checkedRead } from '../harness/checked-read.ts';
import { FILM_SIZE, FilmMount } from '../harness/film-mount.ts';
import { mountTorrents } from '../harness/mount-torrents.ts';
import { runOk, shell } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';
import { ManagedMount } from '../management/managed-mount.ts';
import { overRqbit } from './over-rqbit.ts';

const healthy = makeTorrent({ name: 'healthy.bin', content: patternContent(8 * 2 ** 20, 'healthy') });

describe('twenty readers of twenty files of a torrent without peers, over an rqbit with 8 permits', () => {
  it('leave ls, adding another torrent and reading a healthy one alone', async () => {
    const files = Array.from({ length: 20 }, (_, index) => ({
      path: `${index}`,
      content: patternContent(500_000, `${index}`),
    }));
    const dead = makeTorrent({ name: 'dead', files });
    const folder = await scratchFolder();
    await writeFile(join(folder, 'healthy.bin.torrent'), healthy.bytes);
    writePayload(healthy, folder);
    const seeder = await Seeder.start({ torrents: [healthy], payloadDir: folder });
    const proxy = await RecordingProxy.start((await RqbitServer.start()).url);
    const args = overRqbit(proxy, '--read-timeout', '10m', '--peer', seeder.address);
    const mount = await mountTorrents([dead], { args });
    const stop = new AbortController();
    const script = 'for file in "$1"/*; do cat "$file" & done; wait';
    const readers = shell(script, [mount.path('dead')], { timeoutMs: 110_000, signal: stop.signal }).catch(() => {});
    try {
      const streamed = () => new Set(proxy.requests.filter(request => request.includes('/stream/'))).size;
      await eventually(() => expect(streamed()).toBeGreaterThan(6), 60_000); // those that wait in vain take turns
      // Whoever waited for the dead torrent would do so for ten minutes.
      await runOk('ls', ['-l', mount.mountpoint, mount.path('dead')]);
      await runOk('cp', [join(folder, 'healthy.bin.torrent'), mount.mountpoint]);
      await mount.untilListed(['healthy.bin']);
      const got = await checkedRead(mount.path('healthy.bin'), join(folder, 'healthy.bin'));
      expect(got).toEqual({ right: 8 * 2 ** 20, errno: null, wrong: false });
    } finally {
      await runOk('fuser', ['-k', '-TERM', ...files.map(({ path }) => mount.path('dead', path))]).catch(() => {});
      stop.abort();
      await readers;
    }
  });
});

/** A call that rqbit does not answer fails after ten seconds: whoever is back before did not wait for it. */
const BELOW_ENGINE_CALL_MS = 9000;

describe('an rqbit that is stopped with SIGSTOP', () => {
  it('keeps nobody from managing the mount, and hears of it when it goes on', async () => {
    const { managed, proxy } = await mountThroughProxy();
    const folder = makeTorrent({ name: 'folder', files: [{ path: 'a', content: 'a' }] });
    await managed.writeBeside('folder.torrent', folder.bytes);
    await managed.writeBeside('x.torrent', healthy.bytes);
    await managed.ok('cp folder.torrent "$M"');
    await managed.untilSettled();
    managed.server?.signal('SIGSTOP');
    const asked = proxy.requests.length;
    await eventually(() => expect(proxy.requests.length).toBeGreaterThan(asked)); // a poll that nobody answers
    for (const command of [
      'ls "$M"',
      'stat "$M/folder/a"',
      'rmdir "$M/folder"',
      'cp x.torrent "$M/"',
      'stat "$M/healthy.bin"',
    ]) {
      await managed.ok(command, BELOW_ENGINE_CALL_MS);
    }
    expect(await managed.list()).toEqual(['healthy.bin']);
    managed.server?.signal('SIGCONT');
    await eventually(async () => expect(await infoHashesIn(managed)).toEqual([healthy.infoHash]), 60_000);
    expect(await managed.list()).toEqual(['healthy.bin']);
    expect(await managed.errors()).toEqual([]);
  });
});

describe('an rqbit that is killed in the middle of a read', () => {
  it('and started again: the read waits, ls answers, and the read goes on by itself', {
    timeout: 240_000,
  }, async () => {
    const server = await RqbitServer.start({ persistence: true });
    const film = await FilmMount.start({ args: overRqbit(server, '--read-timeout', '3m') });
    const reading = checkedRead(film.mountedFile, film.sourceFile, { timeoutMs: 200_000 });
    await film.untilUploaded(FILM_SIZE / 4);
    await server.kill();
    for (let round = 0; round < 5; round++) await film.listAndStat();
    await server.launch(); // which checks what is on disk, and answers 412 and 500 until it has
    expect(await reading).toEqual({ right: FILM_SIZE, errno: null, wrong: false });
    const torrents = await fetch(new URL('/torrents', server.url));
    expect(((await torrents.json()) as { torrents: unknown[] }).torrents).toHaveLength(1);
    await film.listAndStat();
  });

  it('and stays away: the read fails in its time with no wrong byte, and can be made again', async () => {
    const server = await RqbitServer.start({ persistence: true });
    const film = await FilmMount.start({ args: overRqbit(server, '--read-timeout', '3s') });
    const reading = checkedRead(film.mountedFile, film.sourceFile);
    await film.untilUploaded(FILM_SIZE / 4);
    await server.kill();
    expect(await reading).toMatchObject({ errno: 'ETIMEDOUT', wrong: false });
    await film.listAndStat();
    await server.launch();
    await eventually(async () => {
      const again = await checkedRead(film.mountedFile, film.sourceFile);
      expect(again).toEqual({ right: FILM_SIZE, errno: null, wrong: false });
    }, 90_000);
  });
});

describe('an rqbit without persistence that is killed and started again between two polls', () => {
  it('gets back what the mount had', async () => {
    const managed = await ManagedMount.start('rqbit', () => ['--status-poll-interval', '10m']);
    const folder = makeTorrent({ name: 'folder', files: [{ path: 'a', content: 'a' }] });
    await managed.writeBeside('folder.torrent', folder.bytes);
    await managed.writeBeside('x.torrent', healthy.bytes);
    await managed.ok('cp folder.torrent "$M"');
    await managed.untilSettled();
    await managed.server?.kill();
    await managed.server?.launch();
    await managed.ok('cp x.torrent "$M"'); // the engine is asked at once for what was added
    const both = [folder.infoHash, healthy.infoHash].sort();
    await eventually(async () => expect(await infoHashesIn(managed)).toEqual(both), 60_000);
    expect(await managed.list()).toEqual(['folder', 'healthy.bin']);
    expect(await managed.errors()).toEqual([]);
  });
});

async function infoHashesIn({ server }: ManagedMount): Promise<string[]> {
  const response = await fetch(new URL('/torrents', server?.url));
  const { torrents } = (await response.json()) as { torrents: { info_hash: string }[] };
  return torrents.map(({ info_hash }) => info_hash).sort();
}

async function mountThroughProxy(): Promise<{ managed: ManagedMount; proxy: RecordingProxy }> {
  const proxies: RecordingProxy[] = [];
  const managed = await ManagedMount.start('rqbit', undefined, async server => {
    const proxy = await RecordingProxy.start(server);
    proxies.push(proxy);
    return proxy.url;
  });
  return { managed, proxy: proxies[0] as RecordingProxy };
}

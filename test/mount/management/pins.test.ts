import { expect, it } from 'vitest';
import { patternContent } from '../../fixtures/content.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import type { RqbitServer } from '../../swarm/rqbit-server.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { type EngineKind, ManagedMount } from './managed-mount.ts';

// Each a whole number of pieces, so that none brings a part of its neighbour.
const PIECE = 2 ** 16;
const paths = ['keep/a.bin', 'keep/b.bin', 'later.bin', 'never.bin'];
const show = makeTorrent({
  name: 'Show',
  pieceLength: PIECE,
  files: paths.map(path => ({ path, content: patternContent(8 * PIECE, path) })),
});

it.each<[EngineKind, readonly string[]]>([
  ['embedded', []],
  ['rqbit', ['--rqbit-on-demand']],
])(
  'over %s, a pinned directory or file is downloaded although nobody reads it, and nothing else',
  async (kind, args) => {
    const seeder = await Seeder.start({ torrents: [show] });
    await seeder.kill();
    const managed = await ManagedMount.start(kind, () => [...args, '--peer', seeder.address]);
    await managed.writeBeside('Show.torrent', show.bytes);
    await managed.ok('cp Show.torrent "$M"');
    await managed.untilSettled();
    await managed.cliOk('set', managed.mount.path('Show/keep'), 'pin=yes');
    expect(await heldBytes(managed)).toEqual([0, 0, 0, 0]);

    // Before a byte has come, so that it is what was kept that brings them.
    expect(await managed.mount.stop()).toBe(0);
    await managed.remount();
    await seeder.again();
    if (managed.server !== undefined) await redial(managed.server, seeder.address);
    await eventually(async () => expect(await heldBytes(managed)).toEqual([8 * PIECE, 8 * PIECE, 0, 0]), 60_000);

    await managed.cliOk('set', managed.mount.path('Show/later.bin'), 'pin=yes');
    const three = [8 * PIECE, 8 * PIECE, 8 * PIECE, 0];
    await eventually(async () => expect(await heldBytes(managed)).toEqual(three), 60_000);
    await managed.cliOk('set', managed.mount.path('Show'), 'pin=yes');
    await eventually(async () => expect(await heldBytes(managed)).toEqual(paths.map(() => 8 * PIECE)), 60_000);
  },
);

it('over rqbit without --rqbit-on-demand, what is set to pin=no is not downloaded', async () => {
  const seeder = await Seeder.start({ torrents: [show] });
  await seeder.pause();
  const managed = await ManagedMount.start('rqbit', () => ['--peer', seeder.address]);
  await managed.writeBeside('Show.torrent', show.bytes);
  await managed.ok('cp Show.torrent "$M"');
  await managed.untilSettled();
  await managed.cliOk('set', managed.mount.path('Show/never.bin'), 'pin=no');
  const selected = async () => {
    const response = await fetch(new URL(`torrents/${show.infoHash}`, managed.server?.url));
    const { files } = (await response.json()) as { files: { included: boolean }[] };
    return files.map(({ included }) => included);
  };
  await eventually(async () => expect(await selected()).toEqual([true, true, true, false]));
  await managed.cliOk('set', managed.mount.path('Show/never.bin'), 'pin=default');
  await eventually(async () => expect(await selected()).toEqual([true, true, true, true]));
});

/** rqbit dials a peer that was away again after ten seconds, then after minutes, then after hours; unless it is told to. */
async function redial({ url }: RqbitServer, peer: string): Promise<void> {
  const calls = { pause: null, start: null, add_peers: peer };
  for (const [call, body] of Object.entries(calls)) {
    const response = await fetch(new URL(`torrents/${show.infoHash}/${call}`, url), { method: 'POST', body });
    expect({ call, status: response.status }).toEqual({ call, status: 200 });
  }
}

/** Of each file, by its attribute. */
async function heldBytes(managed: ManagedMount): Promise<number[]> {
  const attributes = await Promise.all(
    paths.map(path => managed.ok(`getfattr --only-values -n user.torrent.ranges "$M/Show/${path}"`)),
  );
  return attributes.map(ranges =>
    ranges
      .split(',')
      .filter(range => range !== '')
      .map(range => range.split('-').map(Number))
      .reduce((sum, [start = 0, end = 0]) => sum + end - start, 0),
  );
}

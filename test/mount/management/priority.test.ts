import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { patternContent } from '../../fixtures/content.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { type EngineKind, ManagedMount } from './managed-mount.ts';

const MiB = 2 ** 20;
const show = makeTorrent({
  name: 'Show',
  pieceLength: 2 ** 16,
  files: [
    { path: 'normal.bin', content: patternContent(2 * MiB, 'normal') },
    { path: 'extras/low.bin', content: patternContent(3 * MiB, 'low') },
    { path: 'high.bin', content: patternContent(3 * MiB, 'high') },
  ],
});

/** Reads the three files, each as soon as the one before waits in read(2) for its first byte; prints which comes to its end when. */
const READ_ALL = `
  for file in normal.bin extras/low.bin high.bin; do
    (cat "$M/Show/$file" > /dev/null && basename $file) & reader=$!
    until grep -qs '^0 0x3 ' /proc/$(pgrep -P $reader cat)/syscall; do sleep 0.02; done
  done
  touch all-wait
  wait`;

it.each<[EngineKind, readonly string[]]>([
  ['embedded', []],
  // One stream, so that the three have to wait for each other.
  ['rqbit', ['--rqbit-on-demand', '--rqbit-max-streams', '1']],
])(
  'over %s, a file of high priority is read before one of low priority that was asked for first',
  async (kind, args) => {
    const seeder = await Seeder.start({ torrents: [show], rate: MiB });
    const managed = await ManagedMount.start(kind, () => [...args, '--peer', seeder.address]);
    await managed.writeBeside('Show.torrent', show.bytes);
    await managed.ok('cp Show.torrent "$M"');
    await managed.untilSettled();
    await managed.cliOk('set', managed.mount.path('Show/high.bin'), 'priority=high');
    await managed.cliOk('set', managed.mount.path('Show/extras'), 'priority=low');
    expect(await managed.mount.stop()).toBe(0);
    await managed.remount();
    await managed.untilSettled();

    // Not a byte comes before all three wait for one, however long that takes.
    seeder.signal('SIGSTOP');
    const reading = managed.ok(READ_ALL, 100_000);
    await eventually(() => expect(existsSync(managed.beside('all-wait'))).toBe(true), 60_000);
    seeder.signal('SIGCONT');
    const order = (await reading).trim().split('\n');
    expect([...order].sort()).toEqual(['high.bin', 'low.bin', 'normal.bin']);
    expect(order.indexOf('high.bin')).toBeLessThan(order.indexOf('low.bin'));
  },
);

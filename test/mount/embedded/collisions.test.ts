import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { patternContent } from '../../fixtures/content.ts';
import { type MadeTorrent, makeTorrent, writePayload } from '../../fixtures/make-torrent.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { LOOPBACK_ONLY, MountProcess } from '../harness/mount-process.ts';
import { runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';

it('keeps apart names that a careless store would merge, also from disk after a restart', async () => {
  const folder = await scratchFolder();
  const torrents = {
    punctuation: makeTorrent({
      name: 'punctuation',
      files: [
        { path: 'a?b.bin', content: patternContent(300_001, 'with a question mark') },
        { path: 'ab.bin', content: patternContent(300_001, 'without') },
      ],
    }),
    sameOne: makeTorrent({ name: 'same', content: patternContent(200_000, 'one') }),
    sameOther: makeTorrent({ name: 'same', content: patternContent(200_000, 'other') }),
  };
  const files = await layOut(torrents, folder);
  const seeder = await Seeder.startUnmanaged({ torrents: Object.values(torrents) });
  const place = { mountpoint: join(folder, 'mnt'), dataDir: join(folder, 'data') };
  const same = (torrent: MadeTorrent) => `same [${torrent.infoHash.slice(0, 8)}]`;
  const entries = [
    { entry: 'punctuation/a?b.bin', source: join(folder, 'punctuation/punctuation/a?b.bin') },
    { entry: 'punctuation/ab.bin', source: join(folder, 'punctuation/punctuation/ab.bin') },
    { entry: same(torrents.sameOne), source: join(folder, 'sameOne/same') },
    { entry: same(torrents.sameOther), source: join(folder, 'sameOther/same') },
  ];
  const first = await MountProcess.start({
    ...place,
    sources: files,
    args: [...LOOPBACK_ONLY, '--peer', seeder.address],
  });
  const roots = ['punctuation', same(torrents.sameOne), same(torrents.sameOther)];
  await first.untilListed(roots);
  for (const { entry, source } of entries) await runOk('cmp', [first.path(entry), source]);
  await first.stop();
  await seeder.stop();

  const second = await MountProcess.start({ ...place, args: LOOPBACK_ONLY });
  expect((await runOk('ls', [second.mountpoint])).trim().split('\n').sort()).toEqual(roots.sort());
  for (const { entry, source } of entries) await runOk('cmp', [second.path(entry), source]);
});

/** Writes each torrent and its payload; returns the .torrent files. */
async function layOut(torrents: Readonly<Record<string, MadeTorrent>>, folder: string): Promise<string[]> {
  return Promise.all(
    Object.entries(torrents).map(async ([key, torrent]) => {
      const file = join(folder, `${key}.torrent`);
      await writeFile(file, torrent.bytes);
      writePayload(torrent, join(folder, key));
      return file;
    }),
  );
}

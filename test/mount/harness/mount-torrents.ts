import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MadeTorrent } from '../../fixtures/make-torrent.ts';
import { MountProcess } from './mount-process.ts';
import { scratchFolder } from './scratch.ts';

export interface MountTorrentsOptions {
  /** Options of `mount` that choose the engine, and others. */
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Mounts as this user, in a home of its own; root by default. */
  readonly uid?: number | undefined;
}

/** A mount in a folder of its own, once it shows all of the torrents. It is taken down when the test is over. */
export async function mountTorrents(
  torrents: readonly MadeTorrent[],
  { args, env, uid }: MountTorrentsOptions,
): Promise<MountProcess> {
  const folder = await scratchFolder();
  const sources = torrents.map(({ infoHash }) => join(folder, `${infoHash}.torrent`));
  for (const [index, { bytes }] of torrents.entries()) await writeFile(sources[index] ?? '', bytes);
  const home = join(folder, 'home');
  const mountpoint = join(home, 'mnt');
  await mkdir(mountpoint, { recursive: true });
  if (uid !== undefined) for (const path of [home, mountpoint]) await chown(path, uid, uid);
  const mount = await MountProcess.start({
    sources,
    mountpoint,
    dataDir: join(home, 'data'),
    args,
    ...(uid === undefined ? { env } : { uid, env: { HOME: home, ...env } }),
  });
  await mount.untilListed(torrents.map(({ name }) => name));
  return mount;
}

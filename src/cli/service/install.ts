import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mountHelper, type Program, systemUnit, userUnit } from './units.ts';

export interface InstallTarget {
  /** Below which everything is put: `/`, or the folder of a package that is being built. */
  readonly root: string;
  /** Where a user's own units lie; undefined installs for the whole system. */
  readonly userConfigHome: string | undefined;
}

interface InstalledFile {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

/** @returns the paths that were written */
export async function installService(program: Program, target: InstallTarget): Promise<string[]> {
  const files = filesOf(program, target);
  for (const { path, content, mode } of files) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    await chmod(path, mode);
  }
  return files.map(({ path }) => path);
}

/** @returns the paths that are gone now, whether or not they were there */
export async function uninstallService(program: Program, target: InstallTarget): Promise<string[]> {
  const paths = filesOf(program, target).map(({ path }) => path);
  for (const path of paths) await rm(path, { force: true });
  return paths;
}

function filesOf(program: Program, { root, userConfigHome }: InstallTarget): InstalledFile[] {
  const unitName = 'torrent-fuse@.service';
  if (userConfigHome !== undefined) {
    return [{ path: join(root, userConfigHome, 'systemd/user', unitName), content: userUnit(program), mode: 0o644 }];
  }
  return [
    { path: join(root, 'etc/systemd/system', unitName), content: systemUnit(program), mode: 0o644 },
    { path: join(root, 'sbin/mount.torrent-fuse'), content: mountHelper(program), mode: 0o755 },
    { path: join(root, 'sbin/mount.fuse.torrent-fuse'), content: mountHelper(program), mode: 0o755 },
  ];
}

import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import koffi from 'koffi';
import { libfuseNames, mayUsersAllowOthers } from '../../fuse/attach/user-requirements.ts';
import { readMountTable } from '../../fuse/index.ts';
import { codeOf } from '../../util/error-facts.ts';
import { readText } from '../../util/tolerant-files.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Where Debian and others put what only root used to run. */
const systemFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const installFuse = 'install the package fuse3 (Debian, Ubuntu: apt install fuse3)';

/** All that the kernel's side of a mount needs. */
export function checkFuse(environment: NodeJS.ProcessEnv, isRoot: boolean): Finding[] {
  const forUsers = isRoot ? [checkProgram('mount', environment)] : [checkFusermount(environment), checkLibrary()];
  return [checkDevice(isRoot), ...forUsers, checkAllowOther(isRoot), checkStuckReadLimit(isRoot)];
}

function checkDevice(isRoot: boolean): Finding {
  const name = '/dev/fuse';
  try {
    closeSync(openSync(name, 'r+'));
    const mode = statSync(name).mode & 0o777;
    if (!isRoot || (mode & 0o006) === 0o006) return ok(name, 'can be opened');
    const detail = `can be opened by root only (mode 0${mode.toString(8)}): ordinary users cannot mount`;
    return warn(name, detail, 'chmod 666 /dev/fuse, which udev does wherever it runs');
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EACCES') return fail(name, 'may not be opened by you', 'as root: chmod 666 /dev/fuse');
    if (code === 'EPERM')
      return fail(name, 'may not be opened in this container', 'start the container with --device /dev/fuse');
    return fail(name, 'not found', 'modprobe fuse (in a container: --device /dev/fuse)');
  }
}

function checkFusermount(environment: NodeJS.ProcessEnv): Finding {
  const name = 'fusermount3';
  const path = findProgram(name, environment);
  if (path === undefined) return fail(name, 'not found; ordinary users mount with it', installFuse);
  const { mode, uid } = statSync(path);
  const isSetuid = (mode & 0o4000) !== 0 && uid === 0;
  return isSetuid ? ok(name, path) : fail(name, `${path} is not setuid root`, `as root: chmod u+s ${path}`);
}

function checkLibrary(): Finding {
  const found = libfuseNames.find(canLoad);
  if (found !== undefined) return ok('libfuse3', found);
  return fail('libfuse3', 'not found; ordinary users mount with it', installFuse);
}

function canLoad(library: string): boolean {
  try {
    koffi.load(library).unload();
    return true;
  } catch {
    return false;
  }
}

function checkProgram(name: string, environment: NodeJS.ProcessEnv): Finding {
  const path = findProgram(name, environment);
  return path === undefined ? fail(name, 'not found', 'install the package mount (util-linux)') : ok(name, path);
}

function checkAllowOther(isRoot: boolean): Finding {
  const name = 'allow-other';
  if (isRoot) return ok(name, 'root may let other users in');
  if (mayUsersAllowOthers()) return ok(name, '/etc/fuse.conf has user_allow_other');
  return ok(name, 'not for ordinary users: /etc/fuse.conf lacks the line user_allow_other');
}

/** The kernel lets so many buffered reads of ordinary users wait; the next would hold up healthy files. */
function checkStuckReadLimit(isRoot: boolean): Finding {
  const name = 'waiting reads';
  const limit = Number(readText('/sys/module/fuse/parameters/max_user_bgreq'));
  if (isRoot || !limit) return ok(name, 'the kernel sets no limit that matters');
  return ok(name, `up to ${limit} buffered ones at once (max_user_bgreq); direct ones are not counted`);
}

/** The path of a program on PATH, or in the system's own folders, which ordinary users often lack on theirs. */
export function findProgram(name: string, environment: NodeJS.ProcessEnv): string | undefined {
  if (name.includes('/')) return isExecutable(name) ? name : undefined;
  const folders = [...(environment['PATH'] ?? '').split(delimiter), ...systemFolders];
  return folders.map(folder => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Without fusectl the connection of a hung mount cannot be aborted. Root's mounts mount it when it is needed. */
export function checkConnections(isRoot: boolean): Finding {
  const name = 'fusectl';
  const isMounted = readMountTable().some(({ type }) => type === 'fusectl');
  if (isRoot || isMounted) return ok(name, 'hung mounts can be aborted');
  const advice = 'as root: mount -t fusectl fusectl /sys/fs/fuse/connections';
  return warn(name, 'not mounted: a hung mount cannot be aborted', advice);
}

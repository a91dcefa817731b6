import { type Finding, fail, ok, warn } from './finding.ts';

/** The first kernel with FUSE protocol 7.31, the oldest that we speak. */
const oldest = [5, 4] as const;
/** FUSE_DIRECT_IO_ALLOW_MMAP. */
const directIoMmap = [6, 6] as const;
/** FUSE_PASSTHROUGH. */
const passthrough = [6, 9] as const;

/** What a kernel allows a mount to do. @param release as uname(1) says it, such as `6.12.9-amd64` */
export function judgeKernel(release: string, isRoot: boolean): Finding {
  const name = 'kernel';
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  const isAtLeast = ([wantedMajor, wantedMinor]: readonly [number, number]) =>
    major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  if (!isAtLeast(oldest)) return fail(name, `Linux ${release} is too old`, 'install Linux 5.4 or newer');
  if (!isAtLeast(directIoMmap)) {
    const loss = 'Ctrl-C does not end every waiting read, and errors of a read can be blurred';
    return warn(name, `Linux ${release}: ${loss}`, 'Linux 6.6 or newer has what is missing');
  }
  if (!isAtLeast(passthrough))
    return ok(name, `Linux ${release}; from 6.9 on, root reads complete files at disk speed`);
  return ok(name, `Linux ${release}${isRoot ? ', complete files are read at disk speed' : ''}`);
}

/** @param version as Node says it, such as `20.19.0` */
export function judgeNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNewEnough = major > 20 || (major === 20 && minor >= 19);
  return isNewEnough ? ok('node', version) : fail('node', `${version} is too old`, 'install Node 20.19 or newer');
}

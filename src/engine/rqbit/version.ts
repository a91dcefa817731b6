import { EngineError } from '../errors.ts';

/** What is used here (bounded ranges, 416, binary piece maps, metadata) came with 9.0.0. */
const OLDEST_MAJOR = 9;

/** A pre-release of 9.0.0 is older than it. */
export function isSupportedVersion(version: string): boolean {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(-.+)?$/.exec(version);
  if (match === null) return false;
  const [, major, minor, patch, preRelease] = match;
  if (Number(major) !== OLDEST_MAJOR) return Number(major) > OLDEST_MAJOR;
  return preRelease === undefined || Number(minor) > 0 || Number(patch) > 0;
}

/** @throws EngineError `protocol` */
export function assertSupportedVersion(server: string, version: string): void {
  if (isSupportedVersion(version)) return;
  const told = /^[\w.+-]{1,40}$/.test(version) ? version : 'no version that can be read';
  throw new EngineError(
    'protocol',
    `${server} is ${told}, and rqbit ${OLDEST_MAJOR}.0.0 or newer is needed; update it`,
  );
}

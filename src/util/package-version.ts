import { readFileSync } from 'node:fs';

/** Of the installed package, such as `1.2.3`. */
export const packageVersion = readPackageVersion();

/** `package.json` stands two folders above this file, in the sources as in `dist`. */
function readPackageVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (typeof parsed === 'object' && parsed !== null && 'version' in parsed && typeof parsed.version === 'string') {
    return parsed.version;
  }
  throw new TypeError('package.json of torrent-fuse has no version');
}

import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../../config/options.ts';
import { defaultDataDir } from '../../mount/default-data-dir.ts';
import { bytesInWords } from '../../observe/words.ts';
import type { CliContext } from '../context.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Less than one film. */
const littleBytes = 1 << 30;

/** Whether the torrents' data can be kept where it would be. */
export function checkDataDirectory(config: Config, { uid, environment }: CliContext): Finding {
  const name = 'data directory';
  const path = config.engine.dataDir ?? dirname(defaultDataDir('/mnt', { uid, env: environment }));
  const existing = nearestExisting(path);
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch {
    return fail(name, `${path} cannot be written`, 'choose another with --data-dir');
  }
  const { bavail, bsize } = statfsSync(existing);
  const free = bytesInWords(bavail * bsize);
  if (bavail * bsize < littleBytes)
    return warn(name, `${path}, only ${free} free`, 'make room, or choose another with --data-dir');
  return ok(name, `${path}, ${free} free`);
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}

import type { MountProcess } from './mount-process.ts';
import { runOk } from './run.ts';

/** The metric's value, its series summed up; only those with a label, if it is given as `label="value"`. */
export async function metricOf(mount: MountProcess, name: string, label = ''): Promise<number> {
  const text = await runOk(...mount.asMounter('cat', [mount.path('.torrent-fuse', 'metrics')]));
  const lines = text.split('\n').filter(line => /^(\w+)/.exec(line)?.[1] === name && line.includes(label));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

import { refusals } from '../../fs/refusals.ts';
import type { MirroredFile } from '../../fs/virtual-files/torrent-mirror.ts';
import type { VirtualContents } from '../../fs/virtual-files/virtual-root.ts';
import { explanationJson } from '../../observe/explain-json.ts';
import { explanationText } from '../../observe/explain-text.ts';
import type { ObservedMount } from './observed-mount.ts';

/**
 * The files of `.torrent-fuse` that tell what is observed: `metrics`, `why/<path>` and, for programs, `why-json/<path>`.
 *
 * @param observed asked when a file is opened, since it is built after the filesystem that it watches
 */
export function observedContents(observed: () => ObservedMount): Pick<VirtualContents, 'metrics' | 'mirrors'> {
  const explained = async ({ path }: MirroredFile, signal: AbortSignal) => {
    const explanation = await observed().explain(path, signal);
    if (explanation === undefined) throw refusals.notFound; // since it was looked up
    return explanation;
  };
  return {
    metrics: async () => (await observed().metrics()).text,
    mirrors: {
      why: async (file, signal) => explanationText(await explained(file, signal)),
      'why-json': async (file, signal) =>
        `${JSON.stringify(explanationJson(await explained(file, signal)), undefined, 2)}\n`,
    },
  };
}

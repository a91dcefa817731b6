// How well a mount served its readers, as every benchmark of reads shows it: beside the limits that hold for the engine.

const MiB = 2 ** 20;
/** The default of `--cache-size`. */
const CACHE_MIB = 256;
const limits = { embedded: { besideCacheMiB: 300 }, rqbit: { besideCacheMiB: 150 } };
/** Of a sequential read of a whole file. */
export const OVER_DOWNLOAD_LIMIT = 1.15;

/** Since the mount began: the share of reads that memory answered, and the most memory that the process had. */
export async function readFigures(mount) {
  const metrics = await mount.metrics();
  const hits = metrics.get('torrent_fuse_cache_hits_total');
  const misses = metrics.get('torrent_fuse_cache_misses_total');
  return { hitRate: hits / (hits + misses), peakResidentMiB: mount.peakResidentBytes() / MiB };
}

/**
 * @param engine `embedded` or `rqbit`
 * @param figures of {@link readFigures}; with `overDownload`, bytes fetched by bytes read, where that was measured
 */
export function reportReadFigures(row, { measure, engine, figures }) {
  const { hitRate, peakResidentMiB, overDownload } = figures;
  row({ measure: `${measure}: reads that memory answered`, unit: '%', ours: hitRate * 100 });
  if (overDownload !== undefined) {
    const limit = { beside: OVER_DOWNLOAD_LIMIT, besideName: 'limit', most: 1 };
    row({ measure: `${measure}: fetched of what was read`, unit: '', ours: overDownload, ...limit });
  }
  const limit = { beside: CACHE_MIB + limits[engine].besideCacheMiB, besideName: 'limit', most: 1 };
  row({ measure: `${measure}: peak memory`, unit: 'MiB', ours: peakResidentMiB, ...limit });
}

import type { Catalog } from '../catalog/catalog.ts';
import { parseSource } from '../catalog/source-parser.ts';
import { EngineError, type TorrentSource } from '../engine/index.ts';
import type { Logger } from '../util/logger.ts';
import { MountError } from './mount-handle.ts';

/** A source that the user named, and where. */
export interface NamedSource {
  readonly source: TorrentSource;
  readonly origin: string;
}

/** @throws MountError `bad-source` at the first that is none: better now than a mount that lacks it */
export async function parseSources(texts: readonly string[], origin: string): Promise<readonly NamedSource[]> {
  const parsed: NamedSource[] = [];
  for (const text of texts) {
    try {
      parsed.push({ source: await parseSource(text), origin });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      throw new MountError('bad-source', error.message, { cause: error });
    }
  }
  return parsed;
}

/** Those that are there already, from the last mount or named twice, are no news. */
export function addSources(catalog: Catalog, sources: readonly NamedSource[], logger: Logger): void {
  for (const { source, origin } of sources) {
    try {
      catalog.add(source, { origin, peers: [] });
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'duplicate') throw error;
      logger.debug({ origin, reason: error.message }, 'source is there already');
    }
  }
}

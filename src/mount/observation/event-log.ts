import type { Catalog, CatalogEvent, CatalogTorrent } from '../../catalog/catalog.ts';
import type { Logger } from '../../util/logger.ts';

/** Tells the log what happens to torrents. @returns ends that */
export function logCatalogEvents(catalog: Pick<Catalog, 'onEvent'>, logger: Logger): () => void {
  return catalog.onEvent(event => logEvent(event, logger));
}

function logEvent(event: CatalogEvent, logger: Logger): void {
  switch (event.kind) {
    case 'appeared':
      logger.info(fieldsOf(event.torrent), 'a torrent is in the mount');
      return;
    case 'vanished':
      logger.info({ infoHash: event.infoHash }, 'a torrent has left the mount');
      return;
    case 'renamed':
      logger.info({ ...fieldsOf(event.torrent), to: event.torrent.renamedTo }, 'a torrent was renamed');
      return;
    case 'state':
      logState(event.torrent, logger);
      return;
    case 'failed': // told where it happens, with its source
      return;
    default:
      event satisfies never;
  }
}

function logState(torrent: CatalogTorrent, logger: Logger): void {
  const { state, lastError } = torrent;
  if (state === 'error')
    logger.warn({ ...fieldsOf(torrent), reason: lastError?.message }, 'the engine gave a torrent up');
  else if (state === 'stalled') logger.info(fieldsOf(torrent), 'a torrent is wanted and nothing of it arrives');
  else logger.debug({ ...fieldsOf(torrent), state }, 'the state of a torrent changed');
}

function fieldsOf({ infoHash, name }: CatalogTorrent) {
  return { infoHash, name };
}

import type { Content } from '../../fixtures/content.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { RqbitServer } from '../../swarm/rqbit-server.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { LOOPBACK_ONLY, NOBODY } from '../harness/mount-process.ts';
import { mountTorrents } from '../harness/mount-torrents.ts';
import { runOk } from '../harness/run.ts';
import { overRqbit } from '../rqbit/over-rqbit.ts';

export const PIECE = 2 ** 20;

/** A mount of one file, of which nothing is held, that counts what it fetches for its readers. */
export interface MeteredMount {
  /** Of the mounted file. */
  readonly path: string;
  /** The command as whoever may read it. */
  asReader(command: string, args: readonly string[]): [string, readonly string[]];
  /**
   * Bytes fetched since the start, once the number stands still: what was asked for may be on its way. It is waited for until it
   * tells of those at least that were read.
   */
  fetched(read: number): Promise<number>;
}

/** Bytes that the embedded engine takes from its peers. */
export async function mountEmbedded(content: Content): Promise<MeteredMount> {
  const args = [...LOOPBACK_ONLY, '--status-poll-interval', '100ms'];
  return await mountOf(content, { args, file: 'status.json', pattern: /"fetched_bytes": ?(\d+)/ });
}

/** Bytes that the mount takes from rqbit over HTTP: its user cannot enter the server's folder. */
export async function mountOverRqbit(content: Content): Promise<MeteredMount> {
  const args = overRqbit(await RqbitServer.start(), '--rqbit-on-demand');
  const pattern = /^torrent_fuse_engine_stream_received_bytes_total (\d+)/m;
  return await mountOf(content, { args, uid: NOBODY, file: 'metrics', pattern });
}

interface Metering {
  readonly args: readonly string[];
  readonly uid?: number;
  /** In `.torrent-fuse`, and what counts in it. */
  readonly file: string;
  readonly pattern: RegExp;
}

async function mountOf(content: Content, { args, uid, file, pattern }: Metering): Promise<MeteredMount> {
  const torrent = makeTorrent({ name: 'file', content, pieceLength: PIECE });
  const seeder = await Seeder.start({ torrents: [torrent] });
  const mount = await mountTorrents([torrent], { args: [...args, '--peer', seeder.address], uid });
  const count = async () => {
    const text = await runOk(...mount.asMounter('cat', [mount.path('.torrent-fuse', file)]));
    return Number(pattern.exec(text)?.[1]);
  };
  return {
    path: mount.path('file'),
    asReader: (command, parameters) => mount.asMounter(command, parameters),
    fetched: read => onceStill(count, read),
  };
}

async function onceStill(count: () => Promise<number>, atLeast: number): Promise<number> {
  for (let before = -1; ; ) {
    await runOk('sleep', ['0.5']);
    const now = await count();
    if (now === before && now >= atLeast) return now;
    before = now;
  }
}

import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { CommandError } from './errors.ts';
import { MountAccess, MountAccessError } from './mount-access.ts';
import type { SourceFile } from './source-file.ts';
import { parseStatus, type TorrentReport } from './status-report.ts';
import { pause } from './wait.ts';

/** The mount itself asks its engine less often. */
const pollIntervalMs = 300;

/** One source that is being added to a mount: written into it as a file of its own, whose name the mount reports failures by. */
export class Adding {
  readonly #access: MountAccess;
  readonly #source: string;
  readonly #fileName: string;
  /** The torrents that were there before. */
  readonly #before: ReadonlySet<string>;

  private constructor(access: MountAccess, source: string, fileName: string, before: ReadonlySet<string>) {
    this.#access = access;
    this.#source = source;
    this.#fileName = fileName;
    this.#before = before;
  }

  /** @throws CommandError with the mount's reason when it refuses the source */
  static async start(mountpoint: string, source: string, { extension, content }: SourceFile): Promise<Adding> {
    const access = new MountAccess(mountpoint);
    const before = new Set((await readTorrents(access)).map(({ info_hash }) => info_hash));
    const adding = new Adding(access, source, `add-${randomUUID()}.${extension}`, before);
    await access.create(adding.#fileName, content).catch(error => adding.#explain(error));
    return adding;
  }

  /**
   * Waits until the torrent's metadata is known.
   *
   * @param onProgress hears of the torrent while it resolves
   * @returns undefined when the signal fired before; the mount goes on resolving
   * @throws CommandError when it failed
   */
  async settle(
    signal: AbortSignal,
    onProgress: (torrent: TorrentReport | undefined) => void,
  ): Promise<TorrentReport | undefined> {
    while (!signal.aborted) {
      const failure = await this.#failure();
      if (failure !== undefined) throw new CommandError(`${this.#source}: ${failure}`);
      const torrent = (await readTorrents(this.#access)).find(({ info_hash }) => !this.#before.has(info_hash));
      if (torrent !== undefined && torrent.state !== 'resolving') return torrent;
      onProgress(torrent);
      await pause(pollIntervalMs, [signal]);
    }
    return undefined;
  }

  async #explain(error: unknown): Promise<never> {
    if (!(error instanceof MountAccessError)) throw error;
    const reason = (await this.#failure()) ?? reasons[error.code] ?? error.code;
    throw new CommandError(`${this.#source}: ${reason}`, { cause: error });
  }

  /** The line of `.torrent-fuse/errors` that is about our file. */
  async #failure(): Promise<string | undefined> {
    const lines = await this.#access.read('.torrent-fuse/errors').catch(() => '');
    for (const line of lines.split('\n').reverse()) {
      const failure = failureSchema.safeParse(parseJson(line));
      if (failure.success && failure.data.name === this.#fileName) return failure.data.reason;
    }
    return undefined;
  }
}

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'the mount has this torrent already',
  EINVAL: 'it is no torrent',
  EROFS: 'the mount takes no torrents: it was mounted with --read-only',
  EACCES: 'only the user who mounted it, and root, may add torrents',
  EFBIG: 'it is too long for a .torrent file',
  ENOTCONN: "the process of the mount was killed; clean up with 'torrent-fuse umount'",
  TIMEOUT: "the mount does not answer; end it with 'torrent-fuse umount --force'",
};

const failureSchema = z.object({ name: z.string(), reason: z.string() });

async function readTorrents(access: MountAccess): Promise<readonly TorrentReport[]> {
  return parseStatus(JSON.parse(await access.read('.torrent-fuse/status.json'))).torrents;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Engine } from '../../../src/engine/index.ts';
import { createRqbitEngine } from '../../../src/engine/rqbit/create-rqbit-engine.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import { readAll, untilState } from '../../contract/engine-calls.ts';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { rqbitProcessesOver } from '../../swarm/rqbit-processes.ts';
import { rqbitBinary } from '../../swarm/rqbit-server.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { scratchFolder } from '../harness/scratch.ts';

const signal = new AbortController().signal;
const content = patternContent(64 * 2 ** 20);
const torrent = makeTorrent({ name: 'film.bin', content, pieceLength: 2 ** 18 });

async function startManaged(folder: string, peers: readonly string[] = []): Promise<Engine> {
  const network = { dht: false, trackers: false, lsd: false, listenPort: 0, listenHost: '127.0.0.1' };
  const engine = await createRqbitEngine(
    { server: { kind: 'managed', binary: rqbitBinary(), folder, network }, onDemand: true, maxStreams: 6, peers },
    { logger: silentLogger, mayFetch: () => false, signal },
  );
  onTestFinished(() => engine.stop());
  return engine;
}

const add = (engine: Engine) =>
  engine.add({ kind: 'metainfo', infoHash: torrent.infoHash, bytes: torrent.bytes }, { peers: [], signal });

describe('an rqbit of our own', () => {
  it('starts, serves right bytes, and is gone when the engine is stopped', async () => {
    const folder = await scratchFolder();
    const seeder = await Seeder.start({ torrents: [torrent] });
    const engine = await startManaged(folder, [seeder.address]);
    await add(engine);
    const bytes = await readAll(
      engine.open({ infoHash: torrent.infoHash, fileIndex: 0 }, { start: 1000, endExclusive: 5_000_000, signal }),
    );
    expect(bytes.equals(content.read(1000, 4_999_000))).toBe(true);
    expect(await rqbitProcessesOver(folder)).toHaveLength(1);
    await engine.stop();
    expect(await rqbitProcessesOver(folder)).toEqual([]);
  });

  it('killed while it is read, is started again, and the read goes on', async () => {
    const folder = await scratchFolder();
    const seeder = await Seeder.start({ torrents: [torrent], rate: 8_000_000 });
    const engine = await startManaged(folder, [seeder.address]);
    await add(engine);
    const stream = engine.open(
      { infoHash: torrent.infoHash, fileIndex: 0 },
      { start: 0, endExclusive: 40_000_000, signal },
    );
    const [pid] = await rqbitProcessesOver(folder);
    await stream.read();
    const { position } = stream;
    const reading = readAll(stream);
    process.kill(pid ?? Number.NaN, 'SIGKILL');
    const bytes = await untilRead(engine, reading);
    expect(bytes.equals(content.read(position, 40_000_000 - position))).toBe(true);
    expect(await rqbitProcessesOver(folder)).not.toContain(pid);
  });

  it('is not orphaned when its mount is killed, and the next one has every torrent', async () => {
    const folder = await scratchFolder();
    const script = fileURLToPath(new URL('./managed-holder.mjs', import.meta.url));
    const torrentPath = join(await scratchFolder(), 'film.torrent');
    await writeFile(torrentPath, torrent.bytes);
    const args = [script, rqbitBinary(), folder, torrentPath, torrent.infoHash];
    const holder = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void holder.kill('SIGKILL'));
    await once(holder.stdout, 'data');
    expect(await rqbitProcessesOver(folder)).toHaveLength(1);
    holder.kill('SIGKILL');
    const engine = await startManaged(folder);
    expect(await rqbitProcessesOver(folder)).toHaveLength(1);
    await untilState(engine, torrent.infoHash, 'live');
  });

  it('that is not installed is told, with the next step', async () => {
    const folder = await scratchFolder();
    const network = { dht: false, trackers: false, lsd: false, listenPort: 0, listenHost: '127.0.0.1' };
    const server = { kind: 'managed', binary: 'no-such-rqbit', folder, network } as const;
    const starting = createRqbitEngine(
      { server, onDemand: true, maxStreams: 6, peers: [] },
      { logger: silentLogger, mayFetch: () => false, signal },
    );
    await expect(starting).rejects.toThrow(/no-such-rqbit is not on the PATH; .*--rqbit-binary/);
  });
});

/** rqbit keeps no peers over a restart; a list, as a mount polls it, makes the engine tell it of ours. */
async function untilRead(engine: Engine, reading: Promise<Buffer>): Promise<Buffer> {
  const poll = setInterval(() => void engine.list({ signal }).catch(() => {}), 500);
  try {
    return await reading;
  } finally {
    clearInterval(poll);
  }
}

import type { ByteStream, Engine, EngineTorrentState, InfoHash, TorrentSummary } from '../../src/engine/index.ts';

/** Resolves when the torrent is listed in that state. */
export async function untilState(engine: Engine, infoHash: InfoHash, state: EngineTorrentState): Promise<void> {
  for (;;) {
    const changed = nextChange(engine);
    if ((await rowIn(engine, infoHash))?.state === state) return;
    await changed;
  }
}

export async function readAll(stream: ByteStream): Promise<Buffer> {
  const bytes = await drain(stream);
  stream.close();
  return bytes;
}

export async function drain(stream: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await stream.read(); chunk !== undefined; chunk = await stream.read())
    chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

export async function heldPieces(engine: Engine, infoHash: InfoHash): Promise<number[]> {
  const pieces = await engine.pieces(infoHash, { signal });
  await pieces.refresh({ signal });
  return Array.from({ length: pieces.pieceCount }, (_, piece) => piece).filter(piece => pieces.has(piece));
}

export async function rowIn(engine: Engine, infoHash: InfoHash): Promise<TorrentSummary | undefined> {
  return (await engine.list({ signal })).find(row => row.infoHash === infoHash);
}

export function nextChange(engine: Engine): Promise<void> {
  return new Promise(resolve => {
    const end = engine.onChange(() => {
      end();
      resolve();
    });
  });
}

const signal = new AbortController().signal;

/**
 * A program: seeds the folder that its first argument names, on loopback, until standard input ends. When it is ready it
 * prints one line of JSON, a {@link SeederReady}.
 */
import type { EventEmitter } from 'node:events';

export interface SeederReady {
  readonly port: number;
  /** The .torrent file in base64. */
  readonly torrent: string;
}

/** The part of webtorrent that a seeder uses. */
interface SeedingClient extends EventEmitter {
  readonly torrentPort: number;
  seed(folder: string, options: { announce: string[] }, callback: (torrent: { torrentFile: Uint8Array }) => void): void;
}

type SeedingClientConstructor = new (options: object) => SeedingClient;

// Not a literal, so that the engine's declarations of the bundle, which leave seeding out, do not apply.
const bundle: string = '#webtorrent';
const { default: WebTorrent } = (await import(bundle)) as { default: SeedingClientConstructor };

// Whoever started us is gone when our standard input ends, even if it was killed.
process.stdin.resume().once('end', () => process.exit());

const client = new WebTorrent({
  torrentPort: { port: 0, host: '127.0.0.1' },
  dht: false,
  tracker: false,
  lsd: false,
  utp: false,
  natUpnp: false,
  natPmp: false,
  webSeeds: false,
});
client.on('error', error => {
  throw error;
});
client.seed(process.argv[2] ?? '', { announce: [] }, ({ torrentFile }) => {
  const ready: SeederReady = { port: client.torrentPort, torrent: Buffer.from(torrentFile).toString('base64') };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
});

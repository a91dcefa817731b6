// Payloads, torrents and seeders for the benchmarks. The seeder and the plain client are libtorrent, by Debian's Python.
import { execFile, spawn } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const PYTHON = '/usr/bin/python3';
const SEEDER = join(import.meta.dirname, '../test/swarm/seeder.py');
const CHUNK_BYTES = 2 ** 20;
const PIECE_BYTES = 2 ** 20;

/** Writes a file of bytes that do not compress and differ by path. */
export function writeRandomFile(path, size) {
  mkdirSync(dirname(path), { recursive: true });
  const cipher = createCipheriv('aes-128-ctr', createHash('md5').update(path).digest(), Buffer.alloc(16));
  const zeros = Buffer.alloc(CHUNK_BYTES);
  const file = openSync(path, 'w');
  try {
    for (let left = size; left > 0; left -= CHUNK_BYTES) {
      writeSync(file, cipher.update(zeros.subarray(0, Math.min(left, CHUNK_BYTES))));
    }
  } finally {
    closeSync(file);
  }
}

/** @returns the path of a v1 torrent of the file or folder, beside it */
export async function makeTorrent(payload, pieceLength) {
  const torrent = `${payload}.torrent`;
  await run(PYTHON, [join(import.meta.dirname, 'make_torrent.py'), payload, torrent, `${pieceLength}`]);
  return torrent;
}

/**
 * Seeds on a loopback address of its own.
 *
 * @param rate bytes per second; 0 is unlimited
 */
export async function startSeeder({ torrents, payload, rate = 0, host = '127.0.0.2' }) {
  const child = spawn(PYTHON, [SEEDER], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface(child.stdout);
  child.stdin.write(
    `${JSON.stringify({ torrents: torrents.map(torrent => ({ torrent, payload })), host, port: 0, rate })}\n`,
  );
  const [line] = await Promise.race([
    once(lines, 'line'),
    exited.then(() => Promise.reject(new Error('the seeder ended; is python3-libtorrent installed?'))),
  ]);
  return {
    address: `${host}:${JSON.parse(line).port}`,
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** A torrent of one file of random bytes. */
export async function randomTorrent(payload, bytes) {
  writeRandomFile(payload, bytes);
  return { payload, bytes, path: await makeTorrent(payload, PIECE_BYTES) };
}

/** A torrent of one file of zeros that takes no room on the disk. */
export async function sparseTorrent(payload, bytes) {
  mkdirSync(dirname(payload), { recursive: true });
  writeFileSync(payload, '');
  truncateSync(payload, bytes);
  return { payload, bytes, path: await makeTorrent(payload, PIECE_BYTES) };
}

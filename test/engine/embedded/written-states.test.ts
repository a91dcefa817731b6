import { pbkdf2 } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { WrittenStates } from '../../../src/engine/embedded/written-states.ts';
import { stateOf } from '../../../src/engine/file-state.ts';
import { Deferred } from '../../../src/util/deferred.ts';

async function setUp() {
  const folder = await mkdtemp(join(tmpdir(), 'states-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'file');
  const told: string[] = [];
  const states = new WrittenStates(() => void told.push(existsSync(path) ? readFileSync(path, 'utf8') : 'no file'));
  const write = (text = 'ours') => states.during(0, path, () => appendFile(path, text));
  return { path, states, write, told };
}

/** Whatever asks for a thread next has it after these. */
function keepThreadPoolBusy(): Promise<unknown> {
  const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);
  return Promise.all(Array.from({ length: threads }, () => promisify(pbkdf2)('', '', 100_000, 20, 'sha1')));
}

test('after our writes the file is in the state that is told', async () => {
  const { path, states, write } = await setUp();
  expect(states.stateOf(0)).toBeUndefined();
  await write();
  await write();
  expect(states.stateOf(0)).toBe(await stateOf(path));
});

test('what another program wrote between two of our writes makes the file no longer ours', async () => {
  const { path, states, write } = await setUp();
  await write();
  await writeFile(path, 'theirs');
  await write();
  expect(states.stateOf(0)).toBeUndefined();
});

test('what another program wrote is told when somebody looks, but not what we are writing', async () => {
  const { path, states, write, told } = await setUp();
  await states.lookAt(0, path); // nothing is known of it
  await write();
  await states.lookAt(0, path);
  const gate = new Deferred<void>();
  const slow = states.during(0, path, () => gate.promise);
  await appendFile(path, ' and theirs');
  await states.lookAt(0, path);
  gate.resolve();
  await slow;
  expect(told).toEqual([]);
  await writeFile(path, 'theirs');
  await states.lookAt(0, path);
  expect([told, states.stateOf(0)]).toEqual([['theirs'], undefined]);
});

test('who looks is told later, not at once: the disk may not answer', async () => {
  const { path, states, write, told } = await setUp();
  await write();
  await writeFile(path, 'theirs');
  const look = states.lookAt(0, path);
  expect(told).toEqual([]);
  await look;
  expect(told).toEqual(['theirs']);
});

test('what we write while somebody looks is not taken for the work of others', async () => {
  const { path, states, write, told } = await setUp();
  await write();
  const busy = keepThreadPoolBusy(); // so that the look finds what is written after it began
  const look = states.lookAt(0, path);
  await states.during(0, path, async () => appendFileSync(path, 'ours'));
  await Promise.all([look, busy]);
  expect(told).toEqual([]);
});

test('what another program writes after our last one does not match the state that is told', async () => {
  const { path, states, write } = await setUp();
  await write();
  await writeFile(path, 'theirs');
  expect(states.stateOf(0)).not.toBe(await stateOf(path));
});

test('a file that was found and is written to by others before us is not ours', async () => {
  const { path, states, write } = await setUp();
  await writeFile(path, 'found');
  states.found(0, await stateOf(path));
  await appendFile(path, 'theirs');
  await write();
  expect(states.stateOf(0)).toBeUndefined();
});

test('nothing is told while one of two overlapping writes goes on', async () => {
  const { path, states, write } = await setUp();
  const gate = new Deferred<void>();
  const slow = states.during(0, path, () => gate.promise);
  await write();
  expect(states.stateOf(0)).toBeUndefined();
  gate.resolve();
  await slow;
  expect(states.stateOf(0)).toBe(await stateOf(path));
});

test('what others did is told before our write goes on from there', async () => {
  const { path, write, told } = await setUp();
  await write();
  await writeFile(path, 'theirs');
  await write();
  await rm(path);
  await write();
  expect(told).toEqual(['theirs', 'no file']);
});

import { existsSync, readFileSync } from 'node:fs';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  states.lookAt(0, path); // nothing is known of it
  await write();
  states.lookAt(0, path);
  const gate = new Deferred<void>();
  const slow = states.during(0, path, () => gate.promise);
  await appendFile(path, ' and theirs');
  states.lookAt(0, path);
  gate.resolve();
  await slow;
  expect(told).toEqual([]);
  await writeFile(path, 'theirs');
  states.lookAt(0, path);
  expect([told, states.stateOf(0)]).toEqual([['theirs'], undefined]);
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

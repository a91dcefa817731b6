import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stateOf } from '../../src/engine/file-state.ts';
import { parseInfoHash } from '../../src/engine/index.ts';
import { VerifiedFileStore } from '../../src/read/verified-file-store.ts';
import { silentLogger } from '../../src/util/logger.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'verified-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const infoHash = parseInfoHash('a'.repeat(40));
if (infoHash === undefined) throw new Error('not an info hash');
const file = { infoHash, fileIndex: 3 };

describe('the store of verified files', () => {
  it('remembers the last verdict across mounts, for its owner alone', async () => {
    const path = join(folder, 'verified');
    const state = await stateOf(folder);
    const store = new VerifiedFileStore(path, silentLogger);
    expect(store.get(file)).toBeUndefined();
    store.set(file, { state, isGood: true });
    store.set(file, { state, isGood: false });
    store.set({ infoHash, fileIndex: 4 }, { state, isGood: true });
    const next = new VerifiedFileStore(path, silentLogger);
    expect(next.get(file)).toEqual({ state, isGood: false });
    expect(next.get({ infoHash, fileIndex: 4 })).toEqual({ state, isGood: true });
    expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(2);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('passes over lines that are torn or strange', async () => {
    const path = join(folder, 'verified');
    const state = await stateOf(folder);
    new VerifiedFileStore(path, silentLogger).set(file, { state, isGood: true });
    appendFileSync(path, `nonsense\n${infoHash} 5 good 1:2:3`);
    expect(new VerifiedFileStore(path, silentLogger).get(file)).toEqual({ state, isGood: true });
  });

  it('goes on when its file cannot be written', async () => {
    const path = join(folder, 'no', 'such', 'folder');
    const store = new VerifiedFileStore(path, silentLogger);
    store.set(file, { state: await stateOf(folder), isGood: true });
    expect(store.get(file)?.isGood).toBe(true);
    writeFileSync(join(folder, 'no'), '');
    new VerifiedFileStore(path, silentLogger);
  });
});

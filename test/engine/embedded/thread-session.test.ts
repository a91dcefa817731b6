import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type {
  FromThread,
  ThreadArgument,
  ThreadMethod,
  ToThread,
} from '../../../src/engine/embedded/thread-messages.ts';
import { ThreadSession } from '../../../src/engine/embedded/thread-session.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';

const torrent = makeTorrent({ name: 'listed', content: 'abc' });
const { infoHash } = torrent;
const addition = { infoHash, bytes: torrent.bytes, peers: [] };

let folder: string;
let session: ThreadSession;
let posted: FromThread[];
let answers: Map<number, (message: FromThread) => void>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'thread-session-'));
  posted = [];
  answers = new Map();
  const off = { downloadAll: false, dht: false, trackers: false, lsd: false };
  session = new ThreadSession({ folder, ...off, peers: [], listenPort: 0, listenHost: '127.0.0.1' }, message => {
    posted.push(message);
    if (message.kind === 'result' || message.kind === 'failure') answers.get(message.id)?.(message);
  });
  await call('start', undefined);
});

afterEach(async () => {
  await call('stop', undefined);
  rmSync(folder, { recursive: true });
});

function call<M extends ThreadMethod>(method: M, argument: ThreadArgument<M>): Promise<FromThread> {
  const id = answers.size + 1;
  const answer = new Promise<FromThread>(resolve => answers.set(id, resolve));
  session.receive({ kind: 'call', id, method, argument } as ToThread);
  return answer;
}

test('a call is answered with what came of it, or with the code of why nothing did', async () => {
  expect(await call('addMetainfo', addition)).toMatchObject({ kind: 'result', result: undefined });
  expect(await call('metainfo', { infoHash })).toMatchObject({ kind: 'result', result: Buffer.from(torrent.bytes) });
  expect(await call('forget', { infoHash })).toMatchObject({ kind: 'result' });
  expect(await call('pause', { infoHash })).toMatchObject({ kind: 'failure', code: 'not-found' });
});

test('what a disk fails with is answered in words of the engine', async () => {
  await call('addMetainfo', addition);
  const state = join(folder, infoHash, 'state.json');
  rmSync(state);
  mkdirSync(state); // cannot be unlinked
  expect(await call('delete', { infoHash })).toMatchObject({ kind: 'failure', code: 'io' });
});

test('a call that nobody waits for any more is given up', async () => {
  const adding = call('addMagnet', { infoHash, trackers: [], peers: [] });
  session.receive({ kind: 'abandon', id: answers.size });
  expect(await adding).toMatchObject({ kind: 'failure', code: 'stopped' });
});

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

test('a torrent whose deletion fails is gone all the same: nobody serves it any more', async () => {
  await call('addMetainfo', addition);
  const state = join(folder, infoHash, 'state.json');
  rmSync(state);
  mkdirSync(state); // cannot be unlinked
  expect(await call('delete', { infoHash })).toMatchObject({ kind: 'failure', code: 'io' });
  expect(posted.filter(({ kind }) => kind === 'gone')).toEqual([{ kind: 'gone', infoHash }]);
});

test('what is added again while it is removed does not begin once the engine stops', async () => {
  await call('addMetainfo', addition);
  const removal = call('delete', { infoHash });
  const again = call('addMetainfo', addition);
  expect(await call('stop', undefined)).toMatchObject({ kind: 'result' });
  expect(await removal).toMatchObject({ kind: 'result' });
  expect(await again).toMatchObject({ kind: 'failure', code: 'stopped' });
});

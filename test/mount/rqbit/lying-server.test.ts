import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lie, LyingRqbit } from '../../fakes/lying-rqbit.ts';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent, writePayload } from '../../fixtures/make-torrent.ts';
import { checkedRead } from '../harness/checked-read.ts';
import { MountProcess } from '../harness/mount-process.ts';
import { mountTorrents } from '../harness/mount-torrents.ts';
import { runOk } from '../harness/run.ts';
import { createScratchFolder, removeScratchFolder } from '../harness/scratch.ts';
import { overRqbit } from './over-rqbit.ts';

const FILE_SIZE = 2 ** 19;
const json = { 'content-type': 'application/json' };

/** How much of the file the reader may have got before the error: a lie from the first byte leaves nothing. */
type Delivered = 'nothing' | 'a part' | 'all';

const streamLies: readonly (readonly [title: string, lie: Lie, errno: string | null, delivered: Delivered])[] = [
  ['200 instead of 206', { kind: 'stream', status: 200 }, 'EIO', 'nothing'],
  ['the Content-Range of another range', contentRange(`bytes 1-${FILE_SIZE}/${FILE_SIZE + 1}`), 'EIO', 'nothing'],
  ['the Content-Range of a larger file', contentRange(`bytes 0-${FILE_SIZE - 1}/${FILE_SIZE * 2}`), 'EIO', 'nothing'],
  ['no Content-Range', contentRange(undefined), 'EIO', 'nothing'],
  ['a body that is cut short each time', { kind: 'stream', after: 100_000, ending: 'hang-up' }, null, 'all'],
  ['no body, and a hang-up', { kind: 'stream', after: 0, ending: 'hang-up' }, 'ETIMEDOUT', 'nothing'],
  ['a hang-up before the headers', { kind: 'hang-up' }, 'ETIMEDOUT', 'nothing'],
  ['no length, and a body that is too long', tooLong(), 'EIO', 'nothing'],
  ['a stall before the headers', { kind: 'silence' }, 'ETIMEDOUT', 'nothing'],
  ['a stall in mid-body', { kind: 'stream', after: 300_000, ending: 'stall' }, 'ETIMEDOUT', 'a part'],
  ['401', answer(401, '{"error_kind":"unauthorized","human_readable":"unauthorized"}'), 'EACCES', 'nothing'],
  ['404', answer(404, '{"error_kind":"torrent_not_found"}'), 'ENOENT', 'nothing'],
  ['412', answer(412, 'not live'), 'ETIMEDOUT', 'nothing'],
  ['416', answer(416, ''), 'EIO', 'nothing'],
  ['500 with text', answer(500, 'oops'), 'EIO', 'nothing'],
  ['500 with JSON', answer(500, '{"human_readable":"a\\n cause"}'), 'EIO', 'nothing'],
  ['500 with nothing', answer(500, ''), 'EIO', 'nothing'],
  ['500 with garbage for JSON', answer(500, '{"human_'), 'EIO', 'nothing'],
  ['a redirect elsewhere', answer(302, '', { location: '/elsewhere' }), 'EIO', 'nothing'],
  ['something that is not HTTP', { kind: 'raw', bytes: 'SSH-2.0-OpenSSH_9.6\r\n' }, 'EIO', 'nothing'],
];

/** Whether the HTTP client sees the excess before or after it has handed over the whole body is a matter of microseconds. */
const overlong: Lie = { kind: 'stream', extra: Buffer.alloc(70_000, 'x') };

const jsonLies: readonly (readonly [title: string, lie: Lie])[] = [
  ['garbage for JSON', answer(200, '{"torrents": [')],
  ['nothing', answer(200, '')],
  ['text and 500', answer(500, 'oops')],
  ['a redirect elsewhere', answer(302, '', { location: '/elsewhere' })],
  ['JSON that lacks fields', { kind: 'edit', edit: value => without(value, ['info_hash', 'stats', 'state', 'files']) }],
];

/** Everything but the stream and the question for the version. */
const ANY_CALL = /\/torrents(?!.*\/stream\/)/;

const whole = patternContent(FILE_SIZE * (streamLies.length + jsonLies.length + 2));
const torrent = makeTorrent({
  name: 'lies',
  pieceLength: 2 ** 16,
  files: [...streamLies, ...jsonLies, ['extra'], ['overlong']].map((_, index) => ({
    path: `${index}`,
    content: {
      size: FILE_SIZE,
      read: (offset, length) => whole.read(index * FILE_SIZE + offset, length),
      isZero: () => false,
    },
  })),
});

let server: LyingRqbit;
let folder: string;
let mount: MountProcess;

const mountArgs = () => overRqbit(server, '--read-timeout', '60s');
const read = (index: number) => checkedRead(mount.path(torrent.name, `${index}`), join(folder, 'lies', `${index}`));

/** How long a read of the file waits; null is the mount's own patience again, which a busy machine does not exhaust. */
async function setReadTimeout(index: number, timeoutMs: number | null): Promise<void> {
  const command = JSON.stringify({ command: 'set', path: `${torrent.name}/${index}`, timeoutMs });
  const control = mount.path('.torrent-fuse/control');
  await runOk('bash', ['-c', 'printf %s "$1" > "$2"', 'bash', command, control]);
}

beforeAll(async () => {
  [server, folder] = await Promise.all([LyingRqbit.start(), createScratchFolder()]);
  writePayload(torrent, folder);
  server.add(torrent.bytes).holdAll();
  mount = await MountProcess.startUnmanaged({
    mountpoint: join(folder, 'mnt'),
    dataDir: join(folder, 'data'),
    args: mountArgs(),
  });
  await mount.untilListed([torrent.name]);
});
afterAll(async () => {
  await mount?.destroy();
  await server.stop();
  await removeScratchFolder(folder);
});

describe('a reader of a file whose stream rqbit answers with', () => {
  it.each(streamLies.map(([title, lie, errno, delivered], index) => ({ title, lie, errno, delivered, index })))(
    '$title gets $errno, $delivered, and never a wrong byte',
    async ({ lie, errno, delivered, index }) => {
      server.beHonest();
      server.lie(new RegExp(`/stream/${index}$`), lie);
      if (errno === 'ETIMEDOUT') await setReadTimeout(index, 5000);
      const got = await read(index);
      expect(got).toMatchObject({ errno, wrong: false });
      expect(describeShare(got.right)).toBe(delivered);
      expect(server.requests.filter(request => request.includes('elsewhere'))).toEqual([]);
      server.beHonest();
      await setReadTimeout(index, null);
      expect(await read(index)).toMatchObject({ errno: null, wrong: false });
    },
  );
});

it('a body that is longer than it says gives the whole file or EIO, and never a wrong byte', async () => {
  server.beHonest();
  const index = streamLies.length + jsonLies.length + 1;
  server.lie(new RegExp(`/stream/${index}$`), overlong);
  const got = await read(index);
  expect(got.wrong).toBe(false);
  expect([null, 'EIO']).toContain(got.errno);
  if (got.errno === null) expect(got.right).toBe(FILE_SIZE);
});

describe('while rqbit answers every call with', () => {
  it.each(jsonLies.map(([title, lie], index) => ({ title, lie, index: streamLies.length + index })))(
    '$title, what was mounted is listed and read right',
    async ({ lie, index }) => {
      server.beHonest();
      server.lie(ANY_CALL, lie);
      await runOk('ls', [mount.path(torrent.name)]);
      expect(await read(index)).toEqual({ right: FILE_SIZE, errno: null, wrong: false });
      server.beHonest();
    },
  );

  it.each(jsonLies)('%s, a mount begins without torrents, and has them when it answers properly', async (_, lie) => {
    server.beHonest();
    server.lie(ANY_CALL, lie);
    const other = await mountTorrents([], { args: mountArgs() });
    expect(await runOk('ls', [other.mountpoint])).toBe('');
    server.beHonest();
    await other.untilListed([torrent.name], 90_000);
  });

  it('fields that nobody knows, all is well', async () => {
    server.beHonest();
    server.lie(ANY_CALL, { kind: 'edit', edit: withExtraFields });
    const other = await mountTorrents([], { args: mountArgs() });
    await other.untilListed([torrent.name]);
    const last = `${torrent.files.length - 1}`;
    const got = await checkedRead(other.path(torrent.name, last), join(folder, 'lies', last));
    expect(got).toEqual({ right: FILE_SIZE, errno: null, wrong: false });
  });
});

function describeShare(bytes: number): Delivered {
  if (bytes === 0) return 'nothing';
  return bytes === FILE_SIZE ? 'all' : 'a part';
}

function answer(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Lie {
  return { kind: 'answer', status, body, headers: { ...json, ...headers } };
}

function contentRange(value: string | undefined): Lie {
  return { kind: 'stream', headers: { 'content-range': value } };
}

function tooLong(): Lie {
  return { kind: 'stream', headers: { 'content-length': undefined }, extra: Buffer.alloc(70_000, 'x') };
}

function without(value: unknown, fields: readonly string[]): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner) => (fields.includes(key) ? undefined : inner)));
}

function withExtraFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withExtraFields);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, withExtraFields(inner)]);
  return { ...Object.fromEntries(entries), something_new: { nested: [1, null] } };
}

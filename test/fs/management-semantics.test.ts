import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sourceTextLimit } from '../../src/catalog/source-parser.ts';
import { Errno } from '../../src/fuse/abi/errno.ts';
import { OpenFlag } from '../../src/fuse/abi/flags.ts';
import { ErrnoError, ROOT_NODE } from '../../src/fuse/filesystem.ts';
import { FakeTorrent } from '../fakes/fake-torrent.ts';
import { documentedTable } from '../fixtures/documented-table.ts';
import { eventually } from '../fixtures/eventually.ts';
import { context, SlowLaneHarness } from './slow-lane-harness.ts';

/** What has to fail, by the first two cells of its row in `docs/SEMANTICS.md`. */
const changes: Readonly<Record<string, (mount: SlowLaneHarness) => unknown>> = {
  'create a file in the root: its name is no .torrent, .magnet, .txt': mount => create(mount, 'x.mkv'),
  'write to a dropped .magnet: it says no source': mount => write(mount, 'x.magnet', 'nonsense'),
  'write to a dropped .magnet: the torrent is there, or resolving': mount => write(mount, 'x.magnet', season.infoHash),
  'write to a dropped file: it is longer than any source': mount =>
    write(mount, 'x.magnet', '#'.repeat(sourceTextLimit + 1)),
  'close a dropped .torrent: it is none': mount => mount.drop('x.torrent', 'nonsense'),
  'close a dropped .torrent: the torrent is there': mount => mount.drop('x.torrent', season.metainfo),
  'set an xattr: of a dropped file': async mount => {
    const { entry } = create(mount, 'x.torrent');
    mount.lane.setxattr(context, entry.node, 'user.comment', bytes('x'));
  },
  'remove an entry: one of its files is open': async mount => {
    await openEpisode(mount);
    mount.lane.rmdir(context, ROOT_NODE, bytes('Season'));
  },
  'remove an entry: it is not there': mount => mount.lane.rmdir(context, ROOT_NODE, bytes('nothing')),
  'remove .torrent-fuse: always': mount => mount.lane.rmdir(context, ROOT_NODE, bytes('.torrent-fuse')),
  "rename an entry: the new name is another's": mount => rename(mount, 'film.mkv'),
  'rename an entry: the new name cannot be shown': mount => rename(mount, 'a\u0007b'),
  'exchange two entries: always': mount => rename(mount, 'film.mkv', 2),
  'create or remove below .torrent-fuse: always': async mount =>
    mount.lane.unlink(context, await mount.node('.torrent-fuse'), bytes('errors')),
  'set user.torrent.policy: to what is no policy': mount => setXattr(mount, 'user.torrent.policy', 'maybe'),
  'set another user.torrent. xattr: always': mount => setXattr(mount, 'user.torrent.state', 'seeding'),
  'remove user.torrent.policy: none was set there': async mount =>
    mount.lane.removexattr(context, await mount.node('Season'), 'user.torrent.policy'),
  'get user.torrent.pieces or .ranges: of a directory': mount => mount.xattr('Season', 'user.torrent.ranges'),
  'get user.torrent.pieces or .ranges: over 64 KiB': async mount => {
    mount.engine.addTorrent({ name: 'big', length: 270_000, pieceLength: 1 });
    await eventually(() => expect(mount.root.byName('big')).toBeDefined());
    await mount.xattr('big', 'user.torrent.pieces');
  },
  'write to control: it is no command': mount => mount.control('dance'),
  'write to control: it names nothing that is there': mount => mount.control({ command: 'pause', torrent: 'nothing' }),
  'write to control: it removes a torrent with an open file': async mount => {
    await openEpisode(mount);
    await mount.control({ command: 'remove', torrent: 'Season' });
  },
};

const bytes = (text: string) => Buffer.from(text);
const season = new FakeTorrent({ name: 'Season', files: [{ path: ['a.mkv'], length: 1000 }] });

const create = (mount: SlowLaneHarness, name: string) =>
  mount.lane.create(context, ROOT_NODE, bytes(name), OpenFlag.WRONLY);

function write(mount: SlowLaneHarness, name: string, content: string): void {
  const { entry, open } = create(mount, name);
  mount.lane.write(context, { node: entry.node, handle: open.handle, offset: 0, data: bytes(content) });
}

function rename(mount: SlowLaneHarness, newName: string, flags = 0): void {
  const names = { name: bytes('Season'), newName: bytes(newName) };
  mount.lane.rename(context, { parent: ROOT_NODE, newParent: ROOT_NODE, ...names, flags });
}

async function setXattr(mount: SlowLaneHarness, name: string, value: string): Promise<void> {
  mount.lane.setxattr(context, await mount.node('Season'), name, bytes(value));
}

async function openEpisode(mount: SlowLaneHarness): Promise<void> {
  await mount.lane.open(context, await mount.node('Season/a.mkv'), 0);
}

describe('a change that docs/SEMANTICS.md says is refused', () => {
  const rows = documentedTable('change', 'when', 'errno').map(([change, when, errno]) => [`${change}: ${when}`, errno]);
  let mount: SlowLaneHarness;
  beforeEach(async () => {
    mount = new SlowLaneHarness();
    mount.engine.addTorrent({ name: 'Season', files: [{ path: ['a.mkv'], length: 1000 }] });
    mount.engine.addTorrent({ name: 'film.mkv', length: 1000 });
    await eventually(() => expect(mount.root.all()).toHaveLength(2));
  });
  afterEach(() => mount.discard());

  it.each(rows)('%s', async (row, errno) => {
    const change = changes[row ?? ''];
    if (change === undefined) throw new Error(`nothing executes: ${row}`);
    const failure = await Promise.resolve()
      .then(() => change(mount))
      .catch(error => error);
    if (!(failure instanceof ErrnoError)) throw new Error(`it did not fail with an errno: ${failure}`);
    expect(Object.entries(Errno).find(([, value]) => value === failure.errno)?.[0]).toBe(errno);
  });

  it('is in the table, if it is executed here', () => {
    expect(Object.keys(changes).sort()).toEqual(rows.map(([row]) => row).sort());
  });
});

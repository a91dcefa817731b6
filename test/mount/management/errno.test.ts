import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { documentedTable } from '../../fixtures/documented-table.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { runOk } from '../harness/run.ts';
import { type EngineKind, ManagedMount } from './managed-mount.ts';

const SCRIPT = fileURLToPath(new URL('system_calls.py', import.meta.url));

/** What makes the system call of a row in `docs/SEMANTICS.md`, by its first two cells. */
const statements: Readonly<Record<string, string>> = {
  'open(O_WRONLY): a file of a torrent': 'os.open(at("Season/a.mkv"), os.O_WRONLY)',
  'open(O_CREAT): a new name in a directory of a torrent':
    'os.open(at("Season/new.torrent"), os.O_CREAT | os.O_WRONLY)',
  'open(O_CREAT): a new name in the root that is no source': 'os.open(at("new.mkv"), os.O_CREAT | os.O_WRONLY)',
  'truncate: a file of a torrent': 'os.truncate(at("Season/a.mkv"), 0)',
  'chmod: a file of a torrent': 'os.chmod(at("Season/a.mkv"), 0o600)',
  'unlink: a file of a directory torrent': 'os.unlink(at("Season/a.mkv"))',
  'rmdir: a directory within a torrent': 'os.rmdir(at("Season/extras"))',
  'mkdir: a new name in the root': 'os.mkdir(at("new"))',
  'rename: a file out of its torrent': 'os.rename(at("Season/a.mkv"), at("a.mkv"))',
  'setxattr: a name that is none of ours': 'os.setxattr(at("Season/a.mkv"), "user.comment", b"x")',
  'open(O_WRONLY): a directory of a torrent': 'os.open(at("Season"), os.O_WRONLY)',
  'read: a directory of a torrent': 'os.read(held("Season"), 1)',
  'unlink: a directory torrent': 'os.unlink(at("Season"))',
  'rename: a single-file torrent over a directory torrent': 'os.rename(at("film.mkv"), at("Season"))',
  'rename: a directory torrent over a single-file torrent': 'os.rename(at("Season"), at("film.mkv"))',
  'rmdir: a single-file torrent': 'os.rmdir(at("film.mkv"))',
  'open(O_DIRECTORY): a file of a torrent': 'os.open(at("Season/a.mkv"), os.O_DIRECTORY)',
  'opendir: a file of a torrent': 'os.listdir(at("Season/a.mkv"))',
  'stat: a name below a file': 'os.stat(at("Season/a.mkv/x"))',
  'stat: a name that the root does not have': 'os.stat(at("nothing"))',
  'open: a name that a torrent does not have': 'os.open(at("Season/nothing"), os.O_RDONLY)',
  'rmdir: a name that the root does not have': 'os.rmdir(at("nothing"))',
  'readlink: a file of a torrent': 'os.readlink(at("Season/a.mkv"))',
  'rmdir: a directory torrent with an open file': 'held("Season/a.mkv"); os.rmdir(at("Season"))',
  'unlink: a single-file torrent that is open': 'held("film.mkv"); os.unlink(at("film.mkv"))',
  'rmdir: the mount point': 'os.rmdir(at("").rstrip("/"))',
  'getxattr: a name that nobody set': 'os.getxattr(at("Season/a.mkv"), "user.comment")',
  'removexattr: a name that nobody set': 'os.removexattr(at("Season/a.mkv"), "user.comment")',
  'getxattr: user.torrent.ranges of a directory': 'os.getxattr(at("Season"), "user.torrent.ranges")',
};

it.each<EngineKind>(['embedded', 'rqbit'])(
  'over %s, system calls fail with the errno that is documented',
  async kind => {
    const rows = documentedTable('system call', 'on', 'errno').map(([call, on, errno]) => [`${call}: ${on}`, errno]);
    expect(rows.map(([row]) => row).sort()).toEqual(Object.keys(statements).sort());
    const managed = await ManagedMount.start(kind);
    await managed.writeBeside('Season.torrent', season.bytes);
    await managed.writeBeside('film.torrent', film.bytes);
    await managed.ok('cp Season.torrent film.torrent "$M"');
    await managed.untilSettled();
    const input = JSON.stringify(rows.map(([row = '']) => statements[row]));
    const failures: unknown = JSON.parse(
      await runOk('/usr/bin/python3', [SCRIPT, managed.mount.mountpoint], { input }),
    );
    expect(failures).toEqual(rows.map(([, errno]) => errno));
    expect((await managed.list()).sort()).toEqual(['Season', 'film.mkv']);
  },
);

const season = makeTorrent({
  name: 'Season',
  files: [
    { path: 'a.mkv', content: 'a' },
    { path: 'extras/b.mkv', content: 'b' },
  ],
});
const film = makeTorrent({ name: 'film.mkv', content: 'film' });

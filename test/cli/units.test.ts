import { describe, expect, it } from 'vitest';
import { parseSettings } from '../../src/cli/commands/set-command.ts';
import { judgeKernel, judgeNode } from '../../src/cli/doctor/kernel.ts';
import { UsageError } from '../../src/cli/errors.ts';
import { describeHolders } from '../../src/cli/holders.ts';
import { mountArguments } from '../../src/cli/service/mount-helper-arguments.ts';
import { mountHelper, systemUnit } from '../../src/cli/service/units.ts';
import { parseStatus, type StatusReport } from '../../src/cli/status-report.ts';
import { chooseTorrent } from '../../src/cli/torrent-choice.ts';

describe('a line of /etc/fstab', () => {
  it('becomes a mount in the background', () => {
    expect(
      mountArguments([
        '/srv/a.torrent',
        '/mnt/x',
        '-o',
        'rw,nofail,_netdev,x-systemd.automount,allow_other,read_timeout=5s',
      ]),
    ).toEqual(['mount', '--daemon', '--allow-other', '--read-timeout=5s', '--', '/srv/a.torrent', '/mnt/x']);
  });

  it('may name no source, be read-only, and have the options of mount(8) before and after', () => {
    expect(
      mountArguments(['-n', '-t', 'fuse.torrent-fuse', 'none', '/mnt/x', '-v', '-o', 'ro,data_dir=/srv/a=b']),
    ).toEqual(['mount', '--daemon', '--read-only', '--data-dir=/srv/a=b', '--', '/mnt/x']);
  });

  it('is only looked at with -f, and refused when it is none', () => {
    expect(mountArguments(['none', '/mnt/x', '-f'])).toBeUndefined();
    expect(() => mountArguments(['/mnt/x'])).toThrow(UsageError);
  });
});

describe('the files of install-service', () => {
  it('hold paths with spaces and quotes as they are', () => {
    const program = { node: '/opt/my node/bin/node', nodeOptions: ['--small'], script: "/opt/it's 100%/main.js" };
    expect(systemUnit(program)).toContain(
      `ExecStart="/opt/my node/bin/node" --small "/opt/it's 100%%/main.js" mount %f\n`,
    );
    expect(mountHelper(program)).toContain(
      `exec '/opt/my node/bin/node' '--small' '/opt/it'\\''s 100%/main.js' mount-helper "$@"\n`,
    );
  });
});

describe('settings of a path', () => {
  it('are read together', () => {
    expect(parseSettings(['policy=eagain', 'timeout=1m', 'pin=yes', 'priority=default'])).toEqual({
      policy: 'eagain',
      timeoutMs: 60_000,
      pin: true,
      priority: null,
    });
  });

  it.each([
    ['polcy=wait', 'did you mean policy?'],
    ['colour=red', 'there are policy=wait|eagain'],
    ['policy', 'write policy=wait|eagain'],
    ['pin=maybe', 'write pin=yes|no'],
    ['pin=toString', 'write pin=yes|no'],
    ['timeout=soon', 'is no duration'],
  ])('are refused: %s', (assignment, message) => expect(() => parseSettings([assignment])).toThrow(message));
});

describe('a torrent that people name', () => {
  const torrent = (name: string, info_hash: string) => ({
    name,
    info_hash,
    state: 'idle',
    progress_bytes: 0,
    total_bytes: 0,
    peers: 0,
    download_speed: 0,
    error: null,
  });
  const status: StatusReport = {
    mountpoint: '/mnt/x',
    engine: 'fake',
    forgotten: [],
    torrents: [
      torrent('film', 'a'.repeat(40)),
      torrent('song', `${'b'.repeat(39)}1`),
      torrent('song', `${'b'.repeat(39)}2`),
    ],
    pending_urls: [{ url: 'https://example.org/a.torrent', error: null }],
  };

  it('is found by its name, its info hash, the beginning of that, or its URL', () => {
    expect(chooseTorrent(status, 'film/').info_hash).toBe('a'.repeat(40));
    expect(chooseTorrent(status, 'A'.repeat(40)).name).toBe('film');
    expect(chooseTorrent(status, 'aaaaaaaa').name).toBe('film');
    expect(chooseTorrent(status, 'https://example.org/a.torrent').state).toBe('resolving');
  });

  it('is refused when there is none, or more than one', () => {
    expect(() => chooseTorrent(status, 'aaaa')).toThrow(
      "no torrent of /mnt/x is called aaaa; 'torrent-fuse list /mnt/x'",
    );
    expect(() => chooseTorrent(status, 'song')).toThrow('2 torrents are called song: give the info hash');
    expect(() => chooseTorrent(status, 'b'.repeat(12))).toThrow('2 torrents');
  });

  it('comes from a status that is checked', () => {
    expect(parseStatus({ ...status, added_later: 1 })).toMatchObject({ added_later: 1 });
    expect(() => parseStatus({ torrents: 7 })).toThrow();
  });
});

describe('the doctor', () => {
  it.each([
    ['4.19.0-21-amd64', 'fail'],
    ['5.4.0', 'warn'],
    ['6.1.0-18-amd64', 'warn'],
    ['6.6.87.2-microsoft-standard-WSL2', 'ok'],
    ['6.18.0', 'ok'],
    ['10.0', 'ok'],
  ])('judges Linux %s: %s', (release, level) => expect(judgeKernel(release, true).level).toBe(level));

  it('judges Node', () => {
    expect(['18.20.0', '20.18.1', '20.19.0', '24.1.0'].map(version => judgeNode(version).level)).toEqual([
      'fail',
      'fail',
      'ok',
      'ok',
    ]);
  });
});

describe('who holds a mount', () => {
  it('is named, five of them at most', () => {
    const holders = Array.from({ length: 7 }, (_, index) => ({ pid: index + 1, command: 'mpv', what: 'film.mkv' }));
    expect(describeHolders(holders.slice(0, 1))).toBe('mpv (1) by film.mkv');
    expect(describeHolders(holders)).toMatch(/^mpv \(1\) by film\.mkv, .* and 2 more$/);
    expect(describeHolders([])).toMatch(/root sees all/);
  });
});

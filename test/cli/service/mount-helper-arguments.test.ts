import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/cli/errors.ts';
import { mountArguments } from '../../../src/cli/service/mount-helper-arguments.ts';

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

import { expect, test } from 'vitest';
import { parseMountTable, readMountTable, topmostAt } from '../../../src/fuse/attach/mount-table.ts';

const table = parseMountTable(
  [
    '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
    '30 22 0:45 / /mnt/my\\040files\\134\\011x rw,nosuid,nodev,relatime shared:2 master:7 - fuse.sshfs host:\\040dir rw,user_id=0',
    '31 22 0:46 / /mnt/straße ro - fuse.one one ro,user_id=1000,group_id=1000',
    '32 31 0:47 / /mnt/straße rw - fuse.two two rw',
    'not a line of a mount table',
    '',
  ].join('\n'),
);

test('names are unescaped, and optional fields skipped', () => {
  expect(table[1]).toEqual({
    mountpoint: '/mnt/my files\\\tx',
    type: 'fuse.sshfs',
    source: 'host: dir',
    devMinor: 45,
  });
});

test('lines that are none are left out', () => {
  expect(table.map(entry => entry.type)).toEqual(['ext4', 'fuse.sshfs', 'fuse.one', 'fuse.two']);
});

test('what one sees is what was mounted last', () => {
  expect(topmostAt(table, '/mnt/straße')?.type).toBe('fuse.two');
  expect(topmostAt(table, '/mnt')).toBeUndefined();
});

test('the table of this process has a root', () => {
  expect(topmostAt(readMountTable(), '/')).toBeDefined();
});

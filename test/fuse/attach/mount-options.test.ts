import { expect, test } from 'vitest';
import { checkMountOptions, commonOptions } from '../../../src/fuse/attach/mount-options.ts';

test('every mount is nosuid and nodev, and lets the kernel check permissions', () => {
  expect(commonOptions({ subtype: 'x' })).toEqual(['default_permissions', 'nosuid', 'nodev']);
  expect(commonOptions({ subtype: 'x', readOnly: true, allowOther: true })).toEqual([
    'default_permissions',
    'nosuid',
    'nodev',
    'ro',
    'allow_other',
  ]);
});

test.each(['', 'a,suid', '-o', 'a b', '../x'])('%j is no subtype', subtype => {
  expect(() => checkMountOptions({ subtype })).toThrow(TypeError);
  expect(() => checkMountOptions({ subtype: 'x', fsName: subtype })).toThrow(TypeError);
});

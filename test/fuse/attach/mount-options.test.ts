import { expect, test } from 'vitest';
import { checkMountOptions, commonOptions } from '../../../src/fuse/attach/mount-options.ts';

const always = ['default_permissions', 'nosuid', 'nodev', 'max_read=1048576'];

test('every mount is nosuid and nodev, and lets the kernel check permissions', () => {
  expect(commonOptions({ subtype: 'x' })).toEqual(always);
  expect(commonOptions({ subtype: 'x', readOnly: true, allowOther: true })).toEqual([...always, 'ro', 'allow_other']);
});

test.each(['', 'a,suid', '-o', 'a b', '../x'])('%j is no subtype', subtype => {
  expect(() => checkMountOptions({ subtype })).toThrow(TypeError);
  expect(() => checkMountOptions({ subtype: 'x', fsName: subtype })).toThrow(TypeError);
});

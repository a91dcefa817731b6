import { expect, test } from 'vitest';
import { deviceError } from '../../../src/fuse/attach/device-error.ts';

test.each([
  ['ENOENT', 'no-device', '/dev/fuse not found, try: modprobe fuse (in a container: --device /dev/fuse)'],
  ['ENODEV', 'no-device', '/dev/fuse not found, try: modprobe fuse (in a container: --device /dev/fuse)'],
  ['EACCES', 'not-permitted', '/dev/fuse may not be opened, try as root: chmod 666 /dev/fuse'],
  ['EPERM', 'not-permitted', '/dev/fuse may not be opened, try (container): --device /dev/fuse'],
])('%s says what to try', (code, errorCode, message) => {
  const cause = Object.assign(new Error(code), { code });
  expect(deviceError(cause)).toMatchObject({ code: errorCode, message, cause });
});

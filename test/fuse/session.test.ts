import { describe, expect, test } from 'vitest';
import { serve } from '../../src/fuse/session.ts';
import { flushFrame, getattrFrame, initFrame, shortInitFrame } from '../fixtures/fuse-frames.ts';
import { FakeDevice } from './fake-device.ts';

/** Serves the events, and returns what happened in order. */
function run(events: readonly (Uint8Array | string)[]) {
  const log: string[] = [];
  const end = serve({
    device: new FakeDevice(events),
    replies: { write: parts => void log.push(`reply of ${Buffer.concat(parts).length}`) },
    onReady: limits => void log.push(`ready ${limits.maxRead}`),
    beforeRequest: () => void log.push('before'),
    handle: frame => void log.push(`handle ${frame.opcode}`),
  });
  return { log, end };
}

describe('the session', () => {
  test('shakes hands, then handles one request after another until the mount is gone', () => {
    expect(run([initFrame(), getattrFrame, flushFrame])).toEqual({
      log: ['reply of 80', 'ready 1048576', 'before', 'handle 3', 'before', 'handle 25'],
      end: { reason: 'unmounted' },
    });
  });

  test.each(['ENOENT', 'EINTR', 'EAGAIN'])('reads again after %s', code => {
    const { log, end } = run([code, initFrame(), code, code, getattrFrame]);
    expect(log.slice(2)).toEqual(['before', 'handle 3']);
    expect(end).toEqual({ reason: 'unmounted' });
  });

  test('tells an abort through fusectl from an unmount', () => {
    expect(run([initFrame(), 'ECONNABORTED']).end).toEqual({ reason: 'aborted' });
  });

  test('throws what it does not know', () => {
    expect(() => run([initFrame(), 'EBADF'])).toThrow('EBADF');
  });

  test('shakes hands again with a kernel that speaks a newer major version', () => {
    const { log } = run([initFrame({ major: 8 }), initFrame(), getattrFrame]);
    expect(log).toEqual(['reply of 80', 'reply of 80', 'ready 1048576', 'before', 'handle 3']);
  });

  test('ends when the kernel is too old, without becoming ready', () => {
    const { log, end } = run([shortInitFrame(30)]);
    expect(log).toEqual(['reply of 16']);
    expect(end).toMatchObject({ reason: 'refused', message: expect.stringContaining('7.31') });
  });

  test('ends when it is unmounted before INIT', () => {
    expect(run([]).end).toEqual({ reason: 'unmounted' });
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataDirLock, DataDirLockedError } from '../../src/catalog/data-dir-lock.ts';

const holder = { pid: process.pid, mountpoint: '/mnt/films', since: '2026-01-02T03:04:05.000Z' };

describe('the lock of a data directory', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'torrent-fuse-lock-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('refuses a second mount and says who holds it', () => {
    const lock = DataDirLock.acquire(dir, holder);
    expect(() => DataDirLock.acquire(dir, { ...holder, mountpoint: '/mnt/other' })).toThrow(
      new DataDirLockedError(dir, holder),
    );
    expect(new DataDirLockedError(dir, holder).message).toContain(
      `the mount at /mnt/films (process ${process.pid}, since 2026-01-02T03:04:05.000Z)`,
    );
    lock.release();
  });

  it('can be taken again after its release, which may come twice', () => {
    const lock = DataDirLock.acquire(dir, holder);
    lock.release();
    lock.release();
    DataDirLock.acquire(dir, holder).release();
  });

  it('is readable by its owner alone', () => {
    DataDirLock.acquire(dir, holder).release();
    expect(statSync(join(dir, 'lock')).mode & 0o777).toBe(0o600);
  });

  it('ends with a process that is killed', async () => {
    // Only flock(1) itself has the lock: of what it runs nobody tells when it is gone.
    const child = spawn('flock', ['--close', join(dir, 'lock'), 'sh', '-c', 'echo locked; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    await once(child.stdout, 'data');
    expect(() => DataDirLock.acquire(dir, holder)).toThrow(DataDirLockedError);
    if (child.pid === undefined) throw new Error('flock(1) did not start');
    process.kill(-child.pid, 'SIGKILL');
    await once(child, 'close');
    DataDirLock.acquire(dir, holder).release();
  });
});

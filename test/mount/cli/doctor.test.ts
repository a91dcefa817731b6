import { describe, expect, it } from 'vitest';
import { CLI } from '../harness/mount-process.ts';
import { run } from '../harness/run.ts';
import { cleanEnvironment, torrentFuse } from './cli.ts';

interface DoctorOutput {
  readonly schema_version: number;
  readonly findings: readonly {
    readonly name: string;
    readonly level: string;
    readonly detail: string;
    readonly advice?: string;
  }[];
}

describe('the doctor', () => {
  it('finds nothing that keeps root from mounting', async () => {
    const { code, stdout } = await torrentFuse(['doctor']);
    expect(stdout).toMatch(/\nReady to mount\.\n$/);
    expect(code).toBe(0);
  });

  it('finds nothing that keeps an ordinary user from mounting, and looks at what such a user needs', async () => {
    const { code, stdout } = await torrentFuse(['doctor', '--json', '--data-dir=/tmp'], { asNobody: true });
    const output: DoctorOutput = JSON.parse(stdout);
    expect(output.schema_version).toBe(1);
    expect(output.findings.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['/dev/fuse', 'fusermount3', 'libfuse3']),
    );
    expect(output.findings.filter(({ level }) => level === 'fail')).toEqual([]);
    expect(code).toBe(0);
  });

  it('says what to do where the device is missing, and exits with 1', async () => {
    const script =
      'mount -t tmpfs none /mnt && touch /mnt/null && mount --bind /dev/null /mnt/null && mount --move /mnt /dev && exec "$@"';
    const command = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', process.execPath, CLI, 'doctor'];
    const { code, stdout } = await run('unshare', command, { env: cleanEnvironment() });
    expect(stdout).toMatch(/^fail +\/dev\/fuse +not found\n +→ modprobe fuse/m);
    expect(code).toBe(1);
  });

  it('reports a wrong configuration and an rqbit that does not answer', async () => {
    const env = cleanEnvironment({ TORRENT_FUSE_RQBIT_URL: 'http://127.0.0.1:9' });
    const away = await torrentFuse(['doctor'], { env });
    expect(away.stdout).toMatch(/^fail +rqbit server +nobody answers at http:\/\/127\.0\.0\.1:9$/m);
    const wrong = await torrentFuse(['doctor'], { env: cleanEnvironment({ TORRENT_FUSE_CACHE_SIZE: 'much' }) });
    expect(wrong.stdout).toMatch(/^fail +configuration +TORRENT_FUSE_CACHE_SIZE: "much" is no size/m);
    expect([away.code, wrong.code]).toEqual([1, 1]);
  });
});

import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { eventually } from '../../fixtures/eventually.ts';
import { DEEPEST, hostileTorrents } from '../../fixtures/hostile-torrents.ts';
import { runOk } from '../harness/run.ts';
import { type EngineKind, ManagedMount } from './managed-mount.ts';

const SURVEY = fileURLToPath(new URL('survey.py', import.meta.url));

/** Those that rqbit refuses: it writes a torrent's names to its disk as they are. */
const refusedByRqbit: ReadonlySet<string> = new Set([
  'an absolute path in one component',
  'two dots',
  'NUL',
  'names of 4,000 bytes',
  'duplicates',
  'a path that is file and directory',
  'no UTF-8', // which it takes for a byte order mark and nothing else
  'two dots for its name',
  'a path for its name',
  'a name of 4,000 bytes',
  'no name',
]);

const messages = { EINVAL: 'Invalid argument', EFBIG: 'File too large' } as const;

it.each<EngineKind>(['embedded', 'rqbit'])(
  'hostile torrents over %s are refused, or stay within their entries',
  async kind => {
    const managed = await ManagedMount.start(kind);
    for (const [index, { title, bytes, refusal }] of hostileTorrents.entries()) {
      await managed.writeBeside(`${index}.torrent`, bytes);
      const { code, stderr } = await managed.sh(`cp ${index}.torrent "$M"`);
      const message = refusal === undefined ? '' : expect.stringContaining(messages[refusal]);
      expect({ title, code, stderr }).toEqual({ title, code: refusal === undefined ? 0 : 1, stderr: message });
    }
    const refused = hostileTorrents.filter(
      ({ title, refusal }) => refusal !== undefined || (kind === 'rqbit' && refusedByRqbit.has(title)),
    );
    await eventually(async () => {
      const errors = (await managed.errors()).map(({ name, errno }) => [titleOf(name), errno]);
      expect(errors.sort()).toEqual(refused.map(({ title, refusal = 'EINVAL' }) => [title, refusal]).sort());
    });
    await managed.untilSettled();
    expect((await managed.ok('ls -A "$M"')).trim().split('\n')).toHaveLength(hostileTorrents.length - refused.length);
    const survey = JSON.parse(await runOk('/usr/bin/python3', [SURVEY, managed.mount.mountpoint]));
    // Nobody has the files: asked without waiting, every one opens and says that its bytes are not here.
    expect(survey).toMatchObject({ wrong: [], symlinks: 1, depth: DEEPEST, reads: { EAGAIN: survey.files } });
    expect(survey.files).toBeGreaterThan(refused.length);
  },
);

/** What a dropped file, numbered in the list, is called there. */
function titleOf(name: string): string | undefined {
  return hostileTorrents[Number.parseInt(name, 10)]?.title;
}

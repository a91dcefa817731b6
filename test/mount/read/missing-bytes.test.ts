import { describe, expect, it } from 'vitest';
import { documentedTable } from '../../fixtures/documented-table.ts';
import { oneRead } from '../harness/one-read.ts';
import type { EngineKind } from '../management/managed-mount.ts';
import { FILM_SIZE, PartlyHeld, PIECE } from './partly-held.ts';

/**
 * `--read-timeout` where it should end the read, and where it should not: "at once" may take a while on a busy machine, which must
 * not make one deadline look like two either.
 */
const TIMEOUT_S = 8;
const FAR_TIMEOUT_S = 30;
/** For so long, or a little longer, the engine is asked before EAGAIN. */
const ENGINE_ASKED_S = 1.9;

interface Situation {
  /** Options of `mount`. */
  readonly args?: readonly string[];
  readonly nonBlocking?: boolean;
  /** Where what is held is not served: an rqbit that gave a torrent up streams nothing of it. */
  readonly servesNothing?: EngineKind;
  /** Brings it about. */
  readonly arrange?: (held: PartlyHeld) => Promise<void>;
}

/** What the rows of the table in `docs/SEMANTICS.md` say, by their first cell. */
const situations: Readonly<Record<string, Situation>> = {
  'by default': {},
  'with --when-missing eagain': { args: ['--when-missing', 'eagain'] },
  'through a descriptor opened with O_NONBLOCK': { nonBlocking: true },
  'of a file that is set to policy=eagain': {
    arrange: async held => void (await held.cli('set', held.film, 'policy=eagain')),
  },
  'below a directory that is set to policy=eagain': {
    arrange: async held => void (await held.cli('set', held.mount.path('show'), 'policy=eagain')),
  },
  'while the torrent is paused': {
    arrange: async held => {
      await held.cli('pause', held.mount.mountpoint, 'show');
      await held.untilState('paused');
    },
  },
  'while the torrent is in error': {
    servesNothing: 'rqbit',
    arrange: async held => {
      await held.breakTorrent();
      await held.untilState('error');
    },
  },
};

const rows = documentedTable('read of missing bytes', 'ends', 'errno');

it('every documented situation is tried', () => {
  expect(rows.map(([row]) => row).sort()).toEqual(Object.keys(situations).sort());
});

describe.each<EngineKind>(['embedded', 'rqbit'])('over %s, a read of missing bytes', kind => {
  it.each(rows)('%s ends %s with %s; what is there is served', async (row = '', ends, errno) => {
    const { args = [], nonBlocking = false, servesNothing, arrange } = situations[row] ?? {};
    const isAtOnce = ends === 'at once';
    const held = await PartlyHeld.start(kind, '--read-timeout', `${isAtOnce ? FAR_TIMEOUT_S : TIMEOUT_S}s`, ...args);
    await arrange?.(held);

    if (servesNothing !== kind) await expectHeld(held, nonBlocking);

    const failures = () => held.metric('torrent_fuse_operation_errors_total', `errno="${errno}"`);
    const failedBefore = await failures();
    // As much as the kernel takes several requests for.
    const missing = await oneRead(held.film, { offset: PIECE, length: FILM_SIZE - PIECE, nonBlocking });
    expect(missing).toMatchObject({ errno, bytes: 0 });
    if (isAtOnce) expect(missing.seconds).toBeLessThan(FAR_TIMEOUT_S);
    else expectOneDeadline(missing.seconds);
    expect(await failures()).toBe(failedBefore + 1);

    if (!isAtOnce) return;
    const across = await oneRead(held.film, { offset: PIECE / 2, length: PIECE, nonBlocking });
    expect(across).toMatchObject({ errno, bytes: 0 }); // never the half that is there, as if the file ended
  });
});

async function expectHeld(held: PartlyHeld, nonBlocking: boolean): Promise<void> {
  const range = { offset: 0, length: PIECE };
  const { sha1 } = await oneRead(held.source, range);
  let got = await oneRead(held.film, { ...range, nonBlocking });
  // An engine that was not quick enough for who would not wait.
  while (got.errno === 'EAGAIN' && got.seconds > ENGINE_ASKED_S)
    got = await oneRead(held.film, { ...range, nonBlocking });
  expect(got).toMatchObject({ errno: null, bytes: PIECE, sha1 });
}

function expectOneDeadline(seconds: number): void {
  expect(seconds).toBeGreaterThanOrEqual(TIMEOUT_S - 0.1);
  expect(seconds).toBeLessThan(2 * TIMEOUT_S);
}

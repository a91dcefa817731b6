import { describe, expect, it } from 'vitest';
import { endWith, startWaitingReader } from '../harness/waiting-reader.ts';
import type { EngineKind } from '../management/managed-mount.ts';
import { PartlyHeld, PIECE } from './partly-held.ts';

/**
 * What is promised is 100 ms, of which `npm run bench -- interrupt` keeps the figures; a busy machine may be late to notice. Less
 * than whatever else would end the read.
 */
const PROMPT_MS = 10_000;

const readers: Readonly<Record<string, (path: string) => [string, string[]]>> = {
  dd: path => ['dd', [`if=${path}`, 'of=/dev/null', 'bs=64K', `skip=${PIECE / 2 ** 16}`, 'status=none']],
  cat: path => ['cat', [path]],
  Python: path => ['/usr/bin/python3', ['-c', 'import sys; open(sys.argv[1], "rb").read()', path]],
};

describe.each<EngineKind>(['embedded', 'rqbit'])('over %s, Ctrl-C', kind => {
  it.for(Object.keys(readers))('ends a %s that waits, and what was fetched for it', async (program, { annotate }) => {
    const held = await PartlyHeld.start(kind, '--read-timeout', '5m');
    const reader = await startWaitingReader(held.film, readers[program]?.(held.film) ?? ['', []]);
    await held.untilFetching(true);
    const tookMs = await endWith(reader, 'SIGINT');
    await annotate(`${program} ended ${tookMs.toFixed(1)} ms after SIGINT`);
    expect(tookMs).toBeLessThan(PROMPT_MS);

    await held.untilFetching(false);
    expect(await held.metric('torrent_fuse_operations_in_flight', 'operation="READ"')).toBe(0);
  });
});

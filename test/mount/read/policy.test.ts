import { describe, expect, it } from 'vitest';
import { eventually } from '../../fixtures/eventually.ts';
import { oneRead } from '../harness/one-read.ts';
import { runOk } from '../harness/run.ts';
import type { EngineKind } from '../management/managed-mount.ts';
import { PartlyHeld, PIECE } from './partly-held.ts';

const missing = { offset: PIECE, length: 1000 };
const policyOf = (path: string) => runOk('getfattr', ['--only-values', '-n', 'user.torrent.policy', path]);
const errnoOf = async (path: string) => (await oneRead(path, missing)).errno;

describe.each<EngineKind>(['embedded', 'rqbit'])('over %s, the policy', kind => {
  const start = () => PartlyHeld.start(kind, '--read-timeout', '2s');

  it('of a file holds for it alone, shows as its attribute, and survives a remount', async () => {
    const held = await start();
    await held.cli('set', held.film, 'policy=eagain');
    for (const isRemounted of [false, true]) {
      if (isRemounted) await held.remount();
      expect(await policyOf(held.film)).toBe('eagain');
      expect(await errnoOf(held.film)).toBe('EAGAIN');
      expect(await policyOf(held.clip)).toBe('wait:2s');
      expect(await errnoOf(held.clip)).toBe('ETIMEDOUT');
    }
  });

  it('of a directory holds for what is below it and says nothing else, and survives a remount', async () => {
    const held = await start();
    await held.cli('set', held.mount.path('show'), 'policy=eagain');
    await held.cli('set', held.clip, 'policy=wait', 'timeout=1s');
    for (const isRemounted of [false, true]) {
      if (isRemounted) await held.remount();
      expect(await policyOf(held.mount.path('show'))).toBe('eagain');
      expect(await policyOf(held.film)).toBe('eagain');
      expect(await errnoOf(held.film)).toBe('EAGAIN');
      expect(await policyOf(held.clip)).toBe('wait:1s');
      expect(await errnoOf(held.clip)).toBe('ETIMEDOUT');
    }
  });

  it('is set and taken back as an attribute', async () => {
    const held = await start();
    await runOk('setfattr', ['-n', 'user.torrent.policy', '-v', 'eagain', held.film]);
    expect(await errnoOf(held.film)).toBe('EAGAIN');
    await runOk('setfattr', ['-x', 'user.torrent.policy', held.film]);
    expect(await policyOf(held.film)).toBe('wait:2s');
    expect(await errnoOf(held.film)).toBe('ETIMEDOUT');
  });

  it('eagain has what was asked for fetched while the file is open', async () => {
    const held = await start();
    await held.cli('set', held.film, 'policy=eagain');
    const script =
      'exec 3< "$1"; ! dd of=/dev/null bs=256K skip=1 count=1 <&3 2> /dev/null && touch "$2" && ' +
      'until dd bs=256K count=1 <&3 2> /dev/null; do sleep 0.1; done';
    const asked = `${held.folder}/asked`;
    const reading = runOk('bash', ['-c', script, 'bash', held.film, asked], { timeoutMs: 60_000 });
    await eventually(() => runOk('test', ['-e', asked]));
    await held.bringRest();
    await reading;
  });
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

it('installs from its tarball without scripts or overrides, mounts and reads', { timeout: 300_000 }, async () => {
  const folder = await scratchFolder();
  const packed = await runOk('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
    cwd: ROOT,
  });
  await writeFile(join(folder, 'package.json'), '{"name":"consumer","version":"1.0.0","private":true,"type":"module"}');
  await runOk('npm', ['install', '--ignore-scripts', join(folder, packed.trim())], { cwd: folder, timeoutMs: 110_000 });

  const demo = await runOk('npx', ['torrent-fuse', 'demo'], { cwd: folder, timeoutMs: 110_000 });
  expect(demo).toContain('every SHA-256 is right');

  const exported =
    'import { mount } from "torrent-fuse"; import { mountFuse } from "torrent-fuse/fuse"; console.log(typeof mount, typeof mountFuse);';
  expect(await runOk('node', ['--input-type=module', '-e', exported], { cwd: folder })).toBe('function function\n');
});

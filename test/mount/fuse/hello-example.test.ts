import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { isMounted } from '../harness/mount-process.ts';
import { run, runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples', import.meta.url));

test('the example filesystem mounts, lists and reads', async () => {
  const mountpoint = join(await scratchFolder(), 'mnt');
  await mkdir(mountpoint);
  const example = await start(await transpile('hello-fs'), mountpoint);
  expect(await runOk('ls', ['-l', mountpoint])).toMatch(/^-r--r--r-- 1 \w+ \w+ 22 Jan +1 +1970 hello.txt$/m);
  expect(await runOk('cat', [join(mountpoint, 'hello.txt')])).toBe('Hello from TypeScript\n');
  expect((await run('cat', [join(mountpoint, 'other')])).stderr).toContain('No such file');
  example.kill('SIGINT');
  await once(example, 'exit');
  expect(isMounted(mountpoint)).toBe(false);
});

/** Node 20 runs no TypeScript. Beside the source, so that the package finds itself by its name. */
async function transpile(name: string): Promise<string> {
  const outfile = join(EXAMPLES, `.${name}.${process.pid}.mjs`);
  onTestFinished(() => rm(outfile, { force: true }));
  await build({ entryPoints: [join(EXAMPLES, `${name}.ts`)], outfile, format: 'esm', target: 'node20' });
  return outfile;
}

async function start(script: string, mountpoint: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [script, mountpoint], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (isMounted(mountpoint)) await run('umount', ['-l', mountpoint]);
  });
  await once(child.stdout, 'data');
  return child;
}

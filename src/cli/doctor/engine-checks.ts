import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Config } from '../../config/options.ts';
import { isSupportedRqbit } from '../../mount/supported-rqbit.ts';
import { timeoutSignal } from '../../util/timeout-signal.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import { findProgram } from './fuse-checks.ts';

const run = promisify(execFile);
/** Who is there answers in milliseconds, unless the machine is busy. */
const timeoutMs = 10_000;
const defaultRqbitUrl = 'http://127.0.0.1:3030';
const installRqbit = 'cargo install rqbit --locked, or use --engine embedded';
const tooOld = 'install rqbit 9.0.0 or newer';

/** The engines that there are, and that the configuration wants. */
export async function checkEngines(config: Config, environment: NodeJS.ProcessEnv): Promise<Finding[]> {
  return Promise.all([checkServer(config), checkBinary(config, environment)]);
}

async function checkServer({ engine, rqbit }: Config): Promise<Finding> {
  const name = 'rqbit server';
  const url = rqbit.url ?? defaultRqbitUrl;
  const isWanted = rqbit.url !== undefined && engine.kind !== 'embedded';
  const answer = await askServer(url, rqbit);
  switch (answer.kind) {
    case 'rqbit':
      if (!isSupportedRqbit(answer.version))
        return (isWanted ? fail : warn)(name, `${answer.version} at ${url} is too old`, tooOld);
      return ok(name, `${answer.version} at ${url}`);
    case 'unauthorized': {
      const advice = 'set TORRENT_FUSE_RQBIT_USER and TORRENT_FUSE_RQBIT_PASSWORD';
      return (isWanted ? fail : warn)(name, `${url} asks for a user and password`, advice);
    }
    case 'something-else':
      if (!isWanted) return ok(name, `none; something else answers at ${url}`);
      return fail(name, `what answers at ${url} is no rqbit`, 'check --rqbit-url');
    case 'nobody':
      if (!isWanted) return ok(name, `none at ${url}`);
      return fail(name, `nobody answers at ${url}`, 'start rqbit, or check --rqbit-url; a mount would wait for it');
  }
}

type Answer =
  | { readonly kind: 'rqbit'; readonly version: string }
  | { readonly kind: 'unauthorized' | 'something-else' | 'nobody' };

/** `GET /` of rqbit's HTTP API tells server and version. */
async function askServer(url: string, { user, password }: Config['rqbit']): Promise<Answer> {
  const credentials = Buffer.from(`${user ?? ''}:${password ?? ''}`).toString('base64');
  const headers = { accept: 'application/json', ...(user !== undefined && { authorization: `Basic ${credentials}` }) };
  try {
    const response = await fetch(url, { headers, redirect: 'manual', signal: timeoutSignal(timeoutMs) });
    if (response.status === 401) return { kind: 'unauthorized' };
    const parsed = rqbitRoot.safeParse(await response.json().catch(() => undefined));
    return parsed.success ? { kind: 'rqbit', version: parsed.data.version } : { kind: 'something-else' };
  } catch {
    return { kind: 'nobody' };
  }
}

const rqbitRoot = z.object({ server: z.literal('rqbit'), version: z.string() });

async function checkBinary({ engine, rqbit }: Config, environment: NodeJS.ProcessEnv): Promise<Finding> {
  const name = 'rqbit program';
  const isWanted = engine.kind === 'rqbit' && rqbit.url === undefined;
  const path = findProgram(rqbit.binary, environment);
  if (path === undefined) {
    return isWanted
      ? fail(name, `${rqbit.binary} not found`, installRqbit)
      : ok(name, 'none; the embedded engine needs none');
  }
  try {
    const { stdout } = await run(path, ['--version'], { timeout: timeoutMs });
    const version = /\d+\.\d+\.\d+\S*/.exec(stdout)?.[0];
    if (version === undefined) return ok(name, `${path} of unknown version`);
    if (!isSupportedRqbit(version)) return (isWanted ? fail : warn)(name, `${path} ${version} is too old`, tooOld);
    return ok(name, `${path} ${version}`);
  } catch {
    return (isWanted ? fail : warn)(name, `${path} cannot be run`, installRqbit);
  }
}

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { checkEngines } from '../../../src/cli/doctor/engine-checks.ts';
import { defaultConfig } from '../../../src/config/load-config.ts';

describe('the doctor, of a server that is configured,', () => {
  let server: Server;
  afterEach(() => server.close());

  async function levelFor(version: string): Promise<string | undefined> {
    server = createServer((_, response) => response.end(JSON.stringify({ server: 'rqbit', version })));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const rqbit = { ...defaultConfig.rqbit, url };
    const findings = await checkEngines({ ...defaultConfig, rqbit }, {});
    return findings.find(({ name }) => name === 'rqbit server')?.level;
  }

  it.each([
    ['8.1.1', 'fail'],
    ['9.0.0-beta.1', 'fail'],
    ['9.0.0', 'ok'],
    ['9.1.0-beta.1', 'ok'],
  ])('says of version %s: %s, as a mount would', async (version, level) => {
    expect(await levelFor(version)).toBe(level);
  });
});

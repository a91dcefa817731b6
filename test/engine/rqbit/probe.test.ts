import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { probeLocalRqbit } from '../../../src/engine/rqbit/probe.ts';
import { LyingRqbit } from '../../fakes/lying-rqbit.ts';

const { signal } = new AbortController();
const OWN_UID = process.getuid?.() ?? 0;

let server: LyingRqbit;

beforeEach(async () => {
  server = await LyingRqbit.start();
});

afterEach(() => server.stop());

/** Enough for whoever answers, on a busy machine too. */
const timeoutMs = 15_000;
const probe = (uid: number) => probeLocalRqbit({ uid, port: Number(server.url.port), signal, timeoutMs });

/** A line of /proc/net/tcp for a listener of this user at the server's port. */
function tableOf(uid: number): string {
  const port = Number(server.url.port).toString(16).toUpperCase().padStart(4, '0');
  return `   0: 0100007F:${port} 00000000:0000 0A 00000000:00000000 00:00000000 00000000  ${uid}        0 1 1`;
}

describe('the search for an rqbit on this machine', () => {
  it('finds one whose socket is the caller’s', async () => {
    await expect(probe(OWN_UID)).resolves.toEqual({
      found: true,
      url: server.url,
      reason: `rqbit 9.0.1 answers at ${server.url.host}`,
    });
  });

  it.each([
    [0, 1000, true],
    [1000, 1000, true],
    [1001, 1000, false],
    [1000, 0, false],
  ])('a socket of uid %i is trusted by uid %i: %s', async (owner, uid, found) => {
    const readTables = async () => [tableOf(owner)];
    const result = await probeLocalRqbit({ uid, port: Number(server.url.port), signal, timeoutMs, readTables });
    expect(result.found).toBe(found);
    expect(server.requests).toHaveLength(found ? 1 : 0);
  });

  it('finds none where nothing listens', async () => {
    const port = 1;
    expect(await probeLocalRqbit({ uid: OWN_UID, port, signal })).toEqual({
      found: false,
      reason: 'nothing listens on 127.0.0.1:1',
    });
  });

  it('does not take an old one', async () => {
    server.version = '8.1.1';
    expect(await probe(OWN_UID)).toMatchObject({ found: false, reason: expect.stringContaining('older than 9.0.0') });
  });

  it('does not take another server, nor one that says nothing', async () => {
    server.lie(/./, { kind: 'answer', status: 200, body: 'hello' }, 1);
    expect(await probe(OWN_UID)).toMatchObject({ found: false });
    server.lie(/./, { kind: 'silence' });
    const impatient = { uid: OWN_UID, port: Number(server.url.port), signal, timeoutMs: 50 };
    expect(await probeLocalRqbit(impatient)).toMatchObject({ found: false });
  });

  it('does not take one that wants a password', async () => {
    server.userpass = 'a:b';
    expect(await probe(OWN_UID)).toMatchObject({ found: false, reason: expect.stringContaining('password') });
  });
});

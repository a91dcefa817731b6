import { get, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { torrentFigures } from '../../fakes/mount-snapshot.ts';
import { type RunningServer, runServer } from './http-harness.ts';

const hash = '1'.repeat(40);
const idle = { read_speed: 0, latency_p99: null };

describe('/api/events', () => {
  test('greets with the history and the status, and goes on telling', async () => {
    const running = await runServer();
    running.mount.torrents = [torrentFigures({ name: 'first' })];
    const events = await openEvents(running);
    // Of a server that began a moment ago; on a busy machine the moment may have lasted for some seconds.
    for (const sample of (await events.next('history')).data as unknown[]) expect(sample).toMatchObject(idle);
    expect((await events.next('status')).data).toMatchObject({ torrents: [{ name: 'first' }] });
    running.mount.torrents = [torrentFigures({ name: 'second' })];
    await expect.poll(async () => (await events.next('status')).data).toMatchObject({ torrents: [{ name: 'second' }] });
    expect((await events.next('sample')).data).toMatchObject(idle);
  });

  test('tells of the pieces of one file, when they change', async () => {
    const running = await runServer();
    running.mount.torrents = [torrentFigures({ infoHash: hash, pieceCount: 8 })];
    const events = await openEvents(running, `?file=${hash}/0`);
    expect((await events.next('pieces')).data).toMatchObject({ info_hash: hash, bitfield: 'AA==' });
    running.mount.setBitfield(hash, Uint8Array.of(0x80));
    expect((await events.next('pieces')).data).toMatchObject({ bitfield: 'gA==' });
  });

  test('are refused to the 33rd page', async () => {
    const running = await runServer();
    for (let page = 0; page < 32; page++) await openEvents(running);
    expect((await running.send('GET', '/api/events')).status).toBe(503);
    expect((await running.send('GET', '/api/status')).status).toBe(200);
  });
});

/** One connection, read event by event. */
async function openEvents({ server }: RunningServer, query = '') {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${server.url}/api/events${query}`, { agent: false }, resolve).on('error', reject);
  });
  onTestFinished(() => void response.destroy());
  expect(response.headers['content-type']).toBe('text/event-stream');
  const lines = createInterface(response)[Symbol.asyncIterator]();
  return {
    async next(name: string): Promise<{ readonly data: unknown }> {
      for (let event = ''; ; ) {
        const { value, done } = await lines.next();
        if (done) throw new Error('the stream ended');
        if (value.startsWith('event: ')) event = value.slice(7);
        else if (value.startsWith('data: ') && event === name) return { data: JSON.parse(value.slice(6)) };
      }
    },
  };
}

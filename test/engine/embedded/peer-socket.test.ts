import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { dial } from '../../../src/engine/embedded/peer-socket.ts';

test('what arrives is told as it comes, in memory that is used again, and its end is told', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const options = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const memories = new Set<ArrayBufferLike>();
  const heard: string[] = [];
  for (let round = 0; round < 2; round++) {
    const socket = dial(options);
    socket.on('data', (bytes: Buffer) => {
      memories.add(bytes.buffer);
      heard.push(bytes.toString());
    });
    const [accepted] = (await once(server, 'connection')) as [Socket];
    for (const message of ['one', 'two']) {
      accepted.write(message);
      await once(socket, 'data');
    }
    accepted.end();
    await once(socket, 'end');
  }
  expect(heard).toEqual(['one', 'two', 'one', 'two']);
  expect(memories.size).toBe(1);
  server.close();
});

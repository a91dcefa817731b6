import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeEngineContract } from '../../contract/engine-contract.ts';
import type { MadeTorrent } from '../../fixtures/make-torrent.ts';
import { startBuiltEngine } from '../../swarm/built-engine.ts';
import { Seeder } from '../../swarm/seeder.ts';

describeEngineContract('embedded, with a libtorrent seeder', async torrents => {
  const seeder = await Seeder.startUnmanaged({ torrents });
  const web = await serveTorrents(torrents);
  const { engine, close } = await startBuiltEngine();
  return {
    engine,
    peers: [seeder.address],
    urlOf: torrent => new URL(`${web.base}/${torrent.infoHash}`),
    setPeersOnline: online => (online ? seeder.resume() : seeder.pause()),
    close: async () => {
      await close();
      await web.close();
      await seeder.stop();
    },
  };
});

async function serveTorrents(torrents: readonly MadeTorrent[]): Promise<{ base: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const torrent = torrents.find(({ infoHash }) => request.url === `/${infoHash}`);
    response.statusCode = torrent === undefined ? 404 : 200;
    response.end(torrent?.bytes);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    base: `http://127.0.0.1:${port}`,
    close: () => new Promise(resolve => server.close(() => resolve())),
  };
}

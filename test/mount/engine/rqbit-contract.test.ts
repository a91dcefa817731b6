import { once } from 'node:events';
import { createServer } from 'node:http';
import { describeEngineContract } from '../../contract/engine-contract.ts';
import type { MadeTorrent } from '../../fixtures/make-torrent.ts';
import { connectEngine } from '../../swarm/rqbit-engine.ts';
import { RqbitServer } from '../../swarm/rqbit-server.ts';
import { Seeder } from '../../swarm/seeder.ts';

describeEngineContract('rqbit', async torrents => {
  const [seeder, server, site] = await Promise.all([
    Seeder.startUnmanaged({ torrents }),
    RqbitServer.startUnmanaged(),
    serve(torrents),
  ]);
  const engine = await connectEngine(server, { onDemand: true });
  return {
    engine,
    peers: [seeder.address],
    // 32 MiB, whatever is asked for.
    fetchesAhead: true,
    urlOf: torrent => new URL(`/${torrent.infoHash}`, site.url),
    setPeersOnline: online => (online ? seeder.resume() : seeder.pause()),
    close: async () => {
      await engine.stop();
      await Promise.all([server.destroy(), seeder.stop(), site.close()]);
    },
  };
});

async function serve(torrents: readonly MadeTorrent[]) {
  const server = createServer((request, response) => {
    const torrent = torrents.find(({ infoHash }) => request.url === `/${infoHash}`);
    response.writeHead(torrent === undefined ? 404 : 200).end(torrent?.bytes);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address');
  const close = async () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${address.port}`, close };
}

import { FakeEngine } from '../fakes/fake-engine.ts';
import type { MadeTorrent } from '../fixtures/make-torrent.ts';
import { describeEngineContract } from './engine-contract.ts';

describeEngineContract('the fake', async torrents => {
  const engine = new FakeEngine();
  const published = torrents.map(torrent => publish(engine, torrent));
  return {
    engine,
    peers: [],
    urlOf: torrent => new URL(`http://fake.invalid/${torrent.infoHash}`),
    setPeersOnline: async online => {
      for (const torrent of published) torrent.peers = online ? 1 : 0;
    },
    close: () => engine.stop(),
  };
});

function publish(engine: FakeEngine, torrent: MadeTorrent) {
  const fake = engine.publish({
    name: torrent.name,
    pieceLength: torrent.pieceLength,
    payload: Buffer.concat(torrent.files.map(({ content }) => content.read(0, content.size))),
    files: torrent.files.map(({ path, content }) => ({ path: path.split('/').slice(1), length: content.size })),
  });
  engine.urls.set(`http://fake.invalid/${torrent.infoHash}`, fake);
  return fake;
}

// The packages of webtorrent bring two versions of `bencode`, which read a string of negative length as a jump backwards: `l-3:`
// from any peer, tracker or datagram of the DHT would be read for ever.
import { readFile } from 'node:fs/promises';

const VERSIONS = 2;

const strict = `
const readString = decode.buffer
decode.buffer = function () {
  if (decode.data[decode.position] === 45) throw new Error('Invalid data: a string of negative length')
  return readString()
}
`;

/** A plugin for esbuild. */
export function strictBencode() {
  const mended = new Set();
  return {
    name: 'strict-bencode',
    setup({ onLoad, onEnd }) {
      onLoad({ filter: /\/bencode\/lib\/decode\.js$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8');
        if (!source.includes('decode.buffer = function ()')) throw new Error(`${path} reads strings in another way`);
        mended.add(path);
        return { contents: source + strict };
      });
      onEnd(() => {
        if (mended.size !== VERSIONS) throw new Error(`${mended.size} versions of bencode, not ${VERSIONS}`);
      });
    },
  };
}

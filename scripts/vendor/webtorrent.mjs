// webtorrent as it is bundled, with two things of ours in place of its own:
// - The key exchange for encrypted connections, because Node's stops the thread for 50 ms a peer (`key-exchange.ts`).
// - What lies between a peer's socket and its wire, because copies and fresh memory for all that comes in took a third of the
//   processor time of a download (`peer-pipes.ts`). How torrents dial belongs to it; scripts/build.mjs sees to that.
// All of these are private members, or in files that the packages do not export: package.json pins both versions, and the tests of
// these files in test/engine/embedded fail when webtorrent no longer uses what is replaced here.
import { MessageStreamEncryptor } from '../../node_modules/bittorrent-protocol/mse.js';
import Peer from '../../node_modules/webtorrent/lib/peer.js';
import { KeyExchange } from '../../src/engine/embedded/key-exchange.ts';
import { joinEnds } from '../../src/engine/embedded/peer-pipes.ts';

Object.defineProperty(MessageStreamEncryptor.prototype, 'dh', {
  get() {
    this._dh ??= new KeyExchange();
    return this._dh;
  },
});

Peer.prototype.setThrottlePipes = function setThrottlePipes() {
  joinEnds(this);
};

export { default } from 'webtorrent';

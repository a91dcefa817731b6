// webtorrent as it is bundled, with our key exchange for encrypted connections in place of Node's, which stops the thread for
// 50 ms a peer (see src/engine/embedded/key-exchange.ts). `dh` and `_dh` are private members, and the package does not export
// the file that they are in: package.json pins both versions, and test/engine/embedded/key-exchange.test.ts fails when
// webtorrent takes its keys from elsewhere.
import { MessageStreamEncryptor } from '../../node_modules/bittorrent-protocol/mse.js';
import { KeyExchange } from '../../src/engine/embedded/key-exchange.ts';

Object.defineProperty(MessageStreamEncryptor.prototype, 'dh', {
  get() {
    this._dh ??= new KeyExchange();
    return this._dh;
  },
});

export { default } from 'webtorrent';

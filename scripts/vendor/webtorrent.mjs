import { MessageStreamEncryptor } from '../../node_modules/bittorrent-protocol/mse.js';
import { KeyExchange } from '../../src/engine/embedded/key-exchange.ts';

Object.defineProperty(MessageStreamEncryptor.prototype, 'dh', {
  get() {
    this._dh ??= new KeyExchange();
    return this._dh;
  },
});

export { default } from 'webtorrent';

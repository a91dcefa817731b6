import { createDiffieHellman } from 'node:crypto';
import { expect, it, vi } from 'vitest';
import { KeyExchange } from '../../../src/engine/embedded/key-exchange.ts';

const prime =
  'ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd' +
  'ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090563';

it('comes to the same secret as the exchange of another implementation', () => {
  const other = createDiffieHellman(prime, 'hex', 2);
  for (let round = 0; round < 20; round++) {
    const ours = new KeyExchange();
    const publicKey = ours.generateKeys();
    expect(publicKey).toHaveLength(96);
    const theirs = other.generateKeys();
    const padded = Buffer.concat([Buffer.alloc(96 - theirs.length), theirs]);
    expect(ours.computeSecret(padded)).toEqual(padStart(other.computeSecret(publicKey)));
  }
});

it('differs from one connection to the next', () => {
  expect(new KeyExchange().generateKeys()).not.toEqual(new KeyExchange().generateKeys());
});

it('is not upset by a key that no honest peer sends', () => {
  for (const key of [Buffer.alloc(96), Buffer.alloc(96, 0xff)]) {
    expect(new KeyExchange().computeSecret(key)).toHaveLength(96);
  }
});

it('makes the keys of the webtorrent that is bundled', async () => {
  // As strings: neither file has types.
  await import('../../../scripts/vendor/webtorrent.mjs' as string);
  const { MessageStreamEncryptor } = await import('../../../node_modules/bittorrent-protocol/mse.js' as string);
  const keysMade = vi.spyOn(KeyExchange.prototype, 'generateKeys');
  new MessageStreamEncryptor('0'.repeat(40)).generateStepA1();
  expect(keysMade).toHaveBeenCalledOnce();
  keysMade.mockRestore();
});

function padStart(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(96 - bytes.length), bytes]);
}

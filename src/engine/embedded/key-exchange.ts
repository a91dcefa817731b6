import { randomBytes } from 'node:crypto';

/** The prime of message stream encryption, the only one that its handshake knows. */
const PRIME = BigInt(
  `0x${'ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd'}${'ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090563'}`,
);
const GENERATOR = 2n;
const KEY_BYTES = 96;
/** As long as is of use to guess, says the specification. */
const SECRET_BYTES = 20;

/**
 * The Diffie-Hellman exchange of message stream encryption, in place of Node's, which proves the prime to be one each time: 50 ms
 * of the thread that all pieces come through, for every peer that is dialled. It hides what is sent from those who look
 * at the shape of traffic; nothing secret depends on it.
 */
export class KeyExchange {
  readonly #secret = toNumber(randomBytes(SECRET_BYTES));

  /** @returns the public key, 96 bytes */
  generateKeys(): Buffer {
    return toBytes(power(GENERATOR, this.#secret));
  }

  /** @returns what both sides know then, 96 bytes */
  computeSecret(publicKeyOfPeer: Uint8Array): Buffer {
    return toBytes(power(toNumber(publicKeyOfPeer) % PRIME, this.#secret));
  }
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let bits = exponent; bits > 0n; bits >>= 1n) {
    if (bits & 1n) result = (result * square) % PRIME;
    square = (square * square) % PRIME;
  }
  return result;
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function toBytes(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(KEY_BYTES * 2, '0'), 'hex');
}

import { BlockList, isIP } from 'node:net';

/** Why the server does not start. */
export class HttpListenError extends Error {
  override readonly name = 'HttpListenError';
  readonly code: 'token-needed' | 'token-too-short' | 'cannot-listen';

  constructor(code: HttpListenError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface ListenAddress {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** Enough that it cannot be guessed: 16 characters of base64 are 96 bits. */
const minTokenLength = 16;

/** @throws HttpListenError when the address can be reached by others and no good token protects it */
export function checkListenAddress({ host, port }: ListenAddress, token: string | undefined): void {
  if (token !== undefined && token.length < minTokenLength) {
    throw new HttpListenError(
      'token-too-short',
      `the HTTP token is shorter than ${minTokenLength} characters; make one with 'openssl rand -base64 24'`,
    );
  }
  if (token !== undefined || isLoopback(host)) return;
  throw new HttpListenError(
    'token-needed',
    `${host}:${port} can be reached from other machines and no token is set; listen on 127.0.0.1, or name a file with a token by --http-token-file`,
  );
}

/** Names are not looked up: whoever answers for them could send us anywhere. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '');
  if (address.toLowerCase() === 'localhost') return true;
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

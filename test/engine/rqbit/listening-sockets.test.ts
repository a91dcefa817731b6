import { describe, expect, it } from 'vitest';
import { parseListeningSockets } from '../../../src/engine/rqbit/listening-sockets.ts';

const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     \n';

describe('the sockets in /proc/net/tcp', () => {
  it('that listen are found with address, port and owner', () => {
    const table = `${head}   0: 0100007F:0BD6 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 33219 1 0000000000000000 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1234 1 0000000000000000 100 0 0 10 0
`;
    expect(parseListeningSockets(table)).toEqual([
      { address: '127.0.0.1', port: 3030, uid: 1000 },
      { address: '0.0.0.0', port: 22, uid: 0 },
    ]);
  });

  it('that are connected are left out', () => {
    const table = `${head}   0: 0100007F:0BD6 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 33219 1\n`;
    expect(parseListeningSockets(table)).toEqual([]);
  });

  it('of IPv6 are found too, v4-mapped ones as IPv4', () => {
    const rest = '00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1\n';
    const table = `${head}   0: 00000000000000000000000001000000:0BD6 ${rest}   1: 00000000000000000000000000000000:0BD7 ${rest}   2: 0000000000000000FFFF00000100007F:0BD8 ${rest}`;
    expect(parseListeningSockets(table).map(({ address }) => address)).toEqual(['::1', '::', '127.0.0.1']);
  });

  it.each(['', head, 'garbage\n\n   0: nonsense', '   0: 0100007F:0BD6'])('in %j are none', table => {
    expect(parseListeningSockets(table)).toEqual([]);
  });
});

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A TCP port on loopback for a server that is not started yet, or is away for a while. Nobody gets it by chance: it lies below
 * those that the kernel gives out, and this process keeps the UDP port of the same number, which others that come here find
 * taken.
 */
export async function reservedPort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (END - FIRST));
    if ((await keepsUdp(port)) && (await isFree(port))) return port;
  }
}

/** Below what `net.ipv4.ip_local_port_range` begins with. */
const FIRST = 20_000;
const END = 30_000;

async function keepsUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.bind({ port, address: '127.0.0.1', exclusive: true });
    await once(socket, 'listening');
    socket.unref(); // until the process ends
    return true;
  } catch {
    socket.close();
    return false;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch {
    return false;
  }
}

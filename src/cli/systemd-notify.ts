import koffi from 'koffi';

/** linux/socket.h, bits/socket_type.h, linux/un.h */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const UNIX_PATH_MAX = 108;

/**
 * Tells systemd how the service fares (sd_notify(3)): a datagram to the socket that NOTIFY_SOCKET names. Node knows no UNIX
 * datagrams, so the C library sends it. Without such a socket, or when it cannot be reached, nothing happens.
 */
export class SystemdNotifier {
  readonly #socketPath: string | undefined;

  constructor(socketPath: string | undefined) {
    this.#socketPath = socketPath || undefined;
  }

  /** The service is up. */
  ready(): void {
    this.#send(`READY=1\nMAINPID=${process.pid}`);
  }

  /** The service begins to shut down. */
  stopping(): void {
    this.#send('STOPPING=1');
  }

  #send(message: string): void {
    if (this.#socketPath === undefined || this.#socketPath.length >= UNIX_PATH_MAX) return;
    const libc = koffi.load('libc.so.6');
    const socket = libc.func('int socket(int domain, int type, int protocol)');
    const sendto = libc.func(
      'long sendto(int fd, void *data, size_t length, int flags, void *address, uint32_t addressLength)',
    );
    const close = libc.func('int close(int fd)');
    const fd: number = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    const data = Buffer.from(message);
    const address = unixAddress(this.#socketPath);
    sendto(fd, data, data.length, MSG_NOSIGNAL, address, address.length);
    close(fd);
  }
}

/** `struct sockaddr_un`: the family, then the path; `@` stands for the NUL of an abstract name. */
function unixAddress(path: string): Buffer {
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, Buffer.from(path.replace(/^@/, '\0'))]);
}

import type { Device } from '../../src/fuse/device.ts';

/** Hands over frames and failures one after another, then reports that the mount is gone. */
export class FakeDevice implements Device {
  readonly #events: (Uint8Array | string)[];

  /** @param events frames, or codes of errors such as `EINTR` */
  constructor(events: readonly (Uint8Array | string)[]) {
    this.#events = [...events];
  }

  read(buffer: Uint8Array): number {
    const event = this.#events.shift() ?? 'ENODEV';
    if (typeof event === 'string') throw Object.assign(new Error(event), { code: event });
    buffer.set(event);
    return event.length;
  }
}

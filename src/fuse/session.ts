import { codeOf } from '../util/error-facts.ts';
import { StructSize } from './abi/struct-sizes.ts';
import { RequestFrame } from './codec/request-frame.ts';
import type { Device } from './device.ts';
import type { ReplySink } from './dispatcher.ts';
import type { SessionLimits } from './filesystem.ts';
import { MAX_TRANSFER_BYTES, negotiate } from './handshake.ts';

export interface SessionOptions {
  readonly device: Device;
  readonly replies: ReplySink;
  /** Called once, when kernel and server have agreed. */
  onReady(limits: SessionLimits): void;
  /** Called as soon as the kernel has handed over a request. */
  beforeRequest?(): void;
  /** Must be done with the frame when it returns. */
  handle(frame: RequestFrame): void;
}

/** `aborted` through fusectl; `refused` by the handshake, with the reason. */
export type SessionEnd =
  | { readonly reason: 'unmounted' }
  | { readonly reason: 'aborted' }
  | { readonly reason: 'refused'; readonly message: string };

/**
 * The loop over the device, from INIT to the end of the mount. It blocks its thread between requests.
 *
 * @throws whatever reading the device fails with, except what means "try again" or "it is over"
 */
export function serve(options: SessionOptions): SessionEnd {
  const frame = new RequestFrame(new ArrayBuffer(BUFFER_BYTES));
  const refusal = shakeHands(options, frame);
  if (refusal !== undefined) return refusal;
  for (;;) {
    const length = readRequest(options.device, frame.bytes);
    if (typeof length !== 'number') return length;
    options.beforeRequest?.();
    frame.load(length);
    options.handle(frame);
  }
}

/** The kernel refuses a read into less than the largest WRITE with its header (`fuse_dev_do_read`). */
const BUFFER_BYTES = MAX_TRANSFER_BYTES + 4096;

/** Answers INIT; a kernel of another major version sends it twice. Returns how the session ended, if it did. */
function shakeHands({ device, replies, onReady }: SessionOptions, frame: RequestFrame): SessionEnd | undefined {
  for (;;) {
    const length = readRequest(device, frame.bytes);
    if (typeof length !== 'number') return length;
    frame.load(length);
    const handshake = negotiate(frame);
    replies.write([handshake.reply]);
    if (handshake.outcome === 'refused') return { reason: 'refused', message: handshake.reason };
    if (handshake.outcome === 'agreed') {
      onReady(handshake.limits);
      return undefined;
    }
  }
}

function readRequest(device: Device, buffer: Uint8Array): number | SessionEnd {
  for (;;) {
    try {
      const length = device.read(buffer);
      if (length >= StructSize.IN_HEADER) return length;
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENODEV') return { reason: 'unmounted' };
      if (code === 'ECONNABORTED') return { reason: 'aborted' };
      // ENOENT: the request was taken back while it was handed over. EINTR: a signal. EAGAIN: another reader was faster.
      if (code !== 'ENOENT' && code !== 'EINTR' && code !== 'EAGAIN') throw error;
    }
  }
}

import { RequestFrame } from '../../src/fuse/codec/request-frame.ts';

/** The frame of a request, as the session would load it. */
export function frameOf(bytes: Uint8Array): RequestFrame {
  const buffer = new ArrayBuffer(Math.max(40, Math.ceil(bytes.length / 8) * 8));
  new Uint8Array(buffer).set(bytes);
  const frame = new RequestFrame(buffer);
  frame.load(bytes.length);
  return frame;
}

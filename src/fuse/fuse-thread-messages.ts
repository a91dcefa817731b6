import type { SessionLimits } from './filesystem.ts';
import type { SessionEnd } from './session.ts';

/** What the mounting thread and the fuse thread say to each other. Both run the same build, so nothing is parsed. */

/** `workerData` of the fuse thread. */
export interface FuseThreadData {
  /** URL of the module of the fast lane; without one every request is forwarded. */
  readonly fastLaneModule: string | undefined;
  readonly fastLaneData: unknown;
  /** Whether anyone answers what is forwarded. */
  readonly hasSlowLane: boolean;
  /** Memory of a `DebugSwitch`. */
  readonly debug: SharedArrayBuffer;
  readonly trace: boolean;
  /** Memory of the operation counters; undefined when nobody counts. */
  readonly counters: SharedArrayBuffer | undefined;
}

export type ToFuseThread = { readonly kind: 'serve'; readonly fd: number };

export type FromFuseThread =
  | { readonly kind: 'loaded'; readonly osThread: number }
  | { readonly kind: 'ready'; readonly fd: number; readonly limits: SessionLimits }
  /** A frame, for the slow lane. */
  | { readonly kind: 'forward'; readonly frame: ArrayBuffer }
  | LogMessage
  | { readonly kind: 'ended'; readonly end: SessionEnd };

export interface LogMessage {
  readonly kind: 'log';
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

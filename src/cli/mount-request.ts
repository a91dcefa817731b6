import type { LoadedConfig } from '../config/load-config.ts';

/** What a mount was asked for on the command line. */
export interface MountRequest {
  /** Absolute. */
  readonly mountpoint: string;
  readonly sources: readonly string[];
  readonly loaded: LoadedConfig;
}

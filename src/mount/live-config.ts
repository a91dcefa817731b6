import type { Config } from '../config/options.ts';
import type { ReadPolicy } from '../read/reader.ts';

/**
 * The configuration as it is now. Only what the table of options calls reloadable is ever read from here after the mount has
 * started, by parts that read it anew each time.
 */
export class LiveConfig {
  current: Config;

  constructor(config: Config) {
    this.current = config;
  }

  get pollIntervalMs(): number {
    return this.current.monitoring.pollIntervalMs;
  }

  get stalledTimeoutMs(): number {
    return this.current.monitoring.stalledTimeoutMs;
  }

  /** One object for the life of the mount, whose properties follow the configuration. */
  readonly defaultPolicy = livePolicy(this);
}

function livePolicy(live: LiveConfig): ReadPolicy {
  return {
    get whenMissing() {
      return live.current.read.whenMissing;
    },
    get timeoutMs() {
      return live.current.read.timeoutMs;
    },
  };
}

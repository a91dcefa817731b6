import type { PathSettings } from '../catalog/journal-records.ts';
import type { PathSettingsStore, SettingsPath } from '../catalog/path-settings.ts';
import type { ReadPolicy } from '../read/reader.ts';
import { READ_TIMEOUT_MAX_MS } from '../util/read-timeout-max.ts';

/** As a path is set to, what comes first in front. */
export const priorities = ['high', 'normal', 'low'] as const;

/** As the reader and the engines compare them. */
const rankOf = { high: 1, normal: 0, low: -1 } as const;

export interface PolicySources {
  readonly settings: PathSettingsStore;
  /** The mount's own, read anew each time. */
  readonly defaultPolicy: ReadPolicy;
}

/** How what is at the place is read: where its settings say nothing, by the mount's own policy. */
export function policyAt(place: SettingsPath, { settings, defaultPolicy }: PolicySources): ReadPolicy {
  const { policy, timeoutMs, priority } = settings.effective(place);
  return {
    whenMissing: policy ?? defaultPolicy.whenMissing,
    timeoutMs: timeoutMs ?? defaultPolicy.timeoutMs,
    priority: rankOf[priority ?? 'normal'],
  };
}

/** As `user.torrent.policy` shows it: `eagain`, or `wait:30s`. */
export function formatPolicy({ whenMissing, timeoutMs }: ReadPolicy): string {
  return whenMissing === 'eagain' ? 'eagain' : `wait:${timeoutMs / 1000}s`;
}

/**
 * `eagain`, `wait`, or `wait` with the time without progress, 24 hours at most, after which a read fails: `wait:90s`,
 * `wait:1500ms`.
 *
 * @returns undefined for anything else
 */
export function parsePolicy(text: string): Pick<PathSettings, 'policy' | 'timeoutMs'> | undefined {
  if (text === 'eagain' || text === 'wait') return { policy: text };
  const [, amount, unit] = /^wait:(\d{1,9}(?:\.\d{1,3})?)(ms|s|m)$/.exec(text) ?? [];
  const timeoutMs = Math.round(Number(amount) * ({ ms: 1, s: 1000, m: 60_000 }[unit ?? ''] ?? 0));
  return timeoutMs > 0 && timeoutMs <= READ_TIMEOUT_MAX_MS ? { policy: 'wait', timeoutMs } : undefined;
}

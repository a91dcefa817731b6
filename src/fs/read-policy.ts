import type { PathSettings } from '../catalog/journal-records.ts';
import type { ReadPolicy } from '../read/reader.ts';

/** As a path is set to, what comes first in front. */
export const priorities = ['high', 'normal', 'low'] as const;

/** As the reader and the engines compare them. */
const rankOf = { high: 1, normal: 0, low: -1 } as const;

/** What the settings of a path mean for a read, where they say nothing the mount's own policy. */
export function readPolicyOf(settings: PathSettings, fallback: ReadPolicy): ReadPolicy {
  return {
    whenMissing: settings.policy ?? fallback.whenMissing,
    timeoutMs: settings.timeoutMs ?? fallback.timeoutMs,
    priority: rankOf[settings.priority ?? 'normal'],
  };
}

/** As `user.torrent.policy` shows it: `eagain`, or `wait:30s`. */
export function formatPolicy({ whenMissing, timeoutMs }: ReadPolicy): string {
  return whenMissing === 'eagain' ? 'eagain' : `wait:${timeoutMs / 1000}s`;
}

/**
 * `eagain`, `wait`, or `wait` with the time without progress after which a read fails: `wait:90s`, `wait:1500ms`.
 *
 * @returns undefined for anything else
 */
export function parsePolicy(text: string): Pick<PathSettings, 'policy' | 'timeoutMs'> | undefined {
  if (text === 'eagain' || text === 'wait') return { policy: text };
  const [, amount, unit] = /^wait:(\d{1,9}(?:\.\d{1,3})?)(ms|s|m)$/.exec(text) ?? [];
  const timeoutMs = Math.round(Number(amount) * ({ ms: 1, s: 1000, m: 60_000 }[unit ?? ''] ?? 0));
  return timeoutMs > 0 ? { policy: 'wait', timeoutMs } : undefined;
}

import { expect, it } from 'vitest';
import { defaultConfig } from '../../src/config/load-config.ts';
import { LiveConfig } from '../../src/mount/live-config.ts';

it('whoever was given the configuration once sees what it is reloaded to', () => {
  const live = new LiveConfig(defaultConfig);
  const { defaultPolicy } = live;
  live.current = {
    ...defaultConfig,
    read: { ...defaultConfig.read, whenMissing: 'eagain', timeoutMs: 1234 },
    monitoring: { ...defaultConfig.monitoring, pollIntervalMs: 77, stalledTimeoutMs: 88 },
  };
  expect({ ...defaultPolicy }).toEqual({ whenMissing: 'eagain', timeoutMs: 1234 });
  expect(live).toMatchObject({ pollIntervalMs: 77, stalledTimeoutMs: 88 });
});

import { describe, expect, it } from 'vitest';
import { assertSupportedVersion, isSupportedVersion } from '../../../src/engine/rqbit/version.ts';

describe('the version of rqbit', () => {
  it.each(['9.0.0', '9.0.1', '9.1.0-beta.1', '10.0.0', 'v9.2.3'])('%s is new enough', version => {
    expect(isSupportedVersion(version)).toBe(true);
  });

  it.each(['8.1.1', '9.0.0-beta.2', '', 'nine', '9'])('%j is not', version => {
    expect(isSupportedVersion(version)).toBe(false);
  });

  it('that is too old is told, with the next step and no hostile text', () => {
    expect(() => assertSupportedVersion('rqbit at http://h', '8.1.1')).toThrow(/is 8\.1\.1, .* update it/);
    expect(() => assertSupportedVersion('rqbit at http://h', '\u001b[2J')).toThrow(/no version that can be read/);
  });
});

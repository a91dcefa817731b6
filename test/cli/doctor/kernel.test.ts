import { describe, expect, it } from 'vitest';
import { judgeKernel, judgeNode } from '../../../src/cli/doctor/kernel.ts';

describe('the doctor', () => {
  it.each([
    ['4.19.0-21-amd64', 'fail'],
    ['5.4.0', 'warn'],
    ['6.1.0-18-amd64', 'warn'],
    ['6.6.87.2-microsoft-standard-WSL2', 'ok'],
    ['6.18.0', 'ok'],
    ['10.0', 'ok'],
  ])('judges Linux %s: %s', (release, level) => expect(judgeKernel(release, true).level).toBe(level));

  it('judges Node', () => {
    expect(['18.20.0', '20.18.1', '20.19.0', '24.1.0'].map(version => judgeNode(version).level)).toEqual([
      'fail',
      'fail',
      'ok',
      'ok',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { codeOf, messageOf } from '../../src/util/error-facts.ts';

describe('what was thrown', () => {
  it('says its message, and its own text where it is no error', () => {
    expect(messageOf(new Error('no space'))).toBe('no space');
    expect(messageOf('no space')).toBe('no space');
    expect(messageOf(undefined)).toBe('undefined');
  });

  it('has a code only where that is a name', () => {
    expect(codeOf(Object.assign(new Error('open'), { code: 'ENOENT' }))).toBe('ENOENT');
    expect(codeOf(new DOMException('aborted', 'AbortError'))).toBeUndefined(); // whose code is the number 20
    expect(codeOf(new Error('open'))).toBeUndefined();
    expect(codeOf({ code: 'ENOENT' })).toBeUndefined();
  });
});

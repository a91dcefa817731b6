import { describe, expect, it } from 'vitest';
import { parseSettings } from '../../../src/cli/commands/set-command.ts';

describe('settings of a path', () => {
  it('are read together', () => {
    expect(parseSettings(['policy=eagain', 'timeout=1m', 'pin=yes', 'priority=default'])).toEqual({
      policy: 'eagain',
      timeoutMs: 60_000,
      pin: true,
      priority: null,
    });
  });

  it.each([
    ['polcy=wait', 'did you mean policy?'],
    ['colour=red', 'there are policy=wait|eagain'],
    ['policy', 'write policy=wait|eagain'],
    ['pin=maybe', 'write pin=yes|no'],
    ['pin=toString', 'write pin=yes|no'],
    ['timeout=soon', 'is no duration'],
    ['timeout=60d', 'timeout: "60d" is more than 1d'],
  ])('are refused: %s', (assignment, message) => expect(() => parseSettings([assignment])).toThrow(message));
});

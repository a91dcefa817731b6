import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BencodeError, BencodeReader } from '../../src/engine/bencode-reader.ts';
import { bencode } from '../fixtures/bencode.ts';

const reader = (text: string) => new BencodeReader(Buffer.from(text));

test('reads integers, strings, lists and dictionaries in order', () => {
  const bytes = bencode({ list: [1, -20, 'three'], name: 'n' });
  const cursor = new BencodeReader(bytes);
  const seen: unknown[] = [];
  cursor.readDictionary(key => {
    seen.push(key);
    if (key === 'name') seen.push(Buffer.from(cursor.readString()).toString());
    else {
      cursor.readList(() => {
        seen.push(cursor.peek() === 'integer' ? cursor.readInteger() : Buffer.from(cursor.readString()).toString());
      });
    }
  });
  expect(seen).toEqual(['list', 1, -20, 'three', 'name', 'n']);
  expect(cursor.position).toBe(bytes.length);
});

test.each([
  ['nothing', ''],
  ['an integer without an end', 'i12'],
  ['an integer without digits', 'ie'],
  ['a string with a negative length', '-1:a'],
  ['a string that goes past the end', '5:abcd'],
  ['a string without a colon', '12'],
  ['a list without an end', 'li1e'],
  ['an end alone', 'e'],
])('refuses %s', (_, text) => {
  expect(() => reader(text).skip()).toThrow(BencodeError);
});

test.each([
  ['a key that is no string', 'di1ei2ee'],
  ['a key without a value', 'd1:ae'],
])('refuses a dictionary with %s', (_, text) => {
  const cursor = reader(text);
  expect(() => cursor.readDictionary(() => cursor.skip())).toThrow(BencodeError);
});

test('refuses to return a number that JavaScript cannot hold, and can skip it', () => {
  const text = 'i99999999999999999999999e';
  expect(() => reader(text).readInteger()).toThrow('too large');
  expect(reader(text).skip()).toHaveLength(text.length);
});

test('a million nested lists exhaust nothing', () => {
  const depth = 1_000_000;
  const text = 'l'.repeat(depth) + 'e'.repeat(depth);
  expect(reader(text).skip()).toHaveLength(2 * depth);
});

test('skipping any value passes over exactly its bytes', () => {
  const { value } = fc.letrec<{ value: never }>(tie => ({
    value: fc.oneof(
      fc.integer(),
      fc.uint8Array({ maxLength: 20 }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string({ maxLength: 5 }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ) as fc.Arbitrary<never>,
  }));
  fc.assert(
    fc.property(value, fc.uint8Array({ maxLength: 8 }), (something, rest) => {
      const bytes = bencode(something);
      expect(new BencodeReader(Buffer.concat([bytes, rest])).skip()).toEqual(bytes);
    }),
  );
});

test('random bytes are skipped or refused, never anything else', () => {
  const alphabet = fc.constantFrom(...'dlie0123456789:-a');
  fc.assert(
    fc.property(fc.array(alphabet, { maxLength: 40 }), characters => {
      try {
        reader(characters.join('')).skip();
      } catch (error) {
        expect(error).toBeInstanceOf(BencodeError);
      }
    }),
    { numRuns: 2000 },
  );
});

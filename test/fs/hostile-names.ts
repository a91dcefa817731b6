import fc from 'fast-check';

/** Names that no honest client writes, each kind often enough to meet the others. */
export const hostileName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    '.',
    '..',
    '...',
    '/',
    '\0',
    'a',
    'b',
    'a_',
    'a/',
    'a\0',
    '_',
    '__',
    '.torrent-fuse',
    '/etc/passwd',
  ),
  fc.constantFrom(
    'caf\u00e9',
    'cafe\u0301',
    '\u202eexe.txt',
    '\ud800',
    '\udc00\ud800',
    'a [1]',
    'a [2]',
    'a [2-2]',
    'a [1].b',
  ),
  fc.constantFrom('n'.repeat(255), 'n'.repeat(256), '語'.repeat(100), `${'n'.repeat(4000)}.mkv`, '😀'.repeat(64)),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes).toString()),
  fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes).toString('latin1')),
);

/** What Linux takes as a name, and UTF-8 besides. */
export function isFitName(name: Uint8Array): boolean {
  const text = Buffer.from(name).toString();
  return (
    name.length > 0 &&
    name.length <= 255 &&
    text !== '.' &&
    text !== '..' &&
    !/[/\p{Cc}]/u.test(text) &&
    Buffer.from(text).equals(name)
  );
}

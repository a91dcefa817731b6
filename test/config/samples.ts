import type { Option } from '../../src/config/option.ts';

/** Three values of an option, all different and none its default, as they are written. */
export function samplesOf(option: Option<unknown>): readonly [string, string, string] | readonly [string] {
  const placeholder = option.type.placeholder;
  if (placeholder === undefined) return [String(!option.default)];
  const samples = byPlaceholder[placeholder];
  if (samples) return samples;
  // A choice: whatever is not the default, in turn.
  const [first, second = first] = placeholder.split('|').filter(value => value !== option.default);
  return [first ?? '', second ?? '', first ?? ''];
}

const byPlaceholder: Readonly<Record<string, readonly [string, string, string]>> = {
  DIR: ['/srv/one', '/srv/two', '/srv/three'],
  FILE: ['/srv/one', '/srv/two', '/srv/three'],
  PROGRAM: ['one', 'two', 'three'],
  'HOST:PORT': ['127.0.0.1:1001', '127.0.0.1:1002', '[::1]:1003'],
  PORT: ['1001', '1002', '1003'],
  URL: ['http://127.0.0.1:1001', 'http://127.0.0.1:1002', 'https://example.org'],
  N: ['1', '2', '3'],
  UID: ['1001', '1002', '0'],
  GID: ['1001', '1002', '0'],
  IP: ['127.0.0.1', '::1', '192.0.2.1'],
  OCTAL: ['022', '027', '077'],
  SIZE: ['16M', '64M', '1G'],
  TIME: ['7s', '1500ms', '2m'],
  SOURCE: ['/srv/a.torrent', '/srv/b.torrent', '/srv/c.torrent'],
  NAME: ['one', 'two', 'three'],
  PASSWORD: ['one', 'two', 'three'],
  TOKEN: ['one', 'two', 'three'],
};

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable, toColumns, widthOf } from '../../src/cli/render/printable.ts';
import { formatPercent, formatSpeed, progressBar } from '../../src/cli/render/quantity.ts';
import { createStyle } from '../../src/cli/render/style.ts';
import { renderTable } from '../../src/cli/render/table.ts';
import { torrentLines } from '../../src/cli/render/torrent-lines.ts';
import type { TorrentReport } from '../../src/cli/status-report.ts';

describe('text of others on a terminal', () => {
  it('cannot act on it', () => {
    expect(printable('a\x1b[31mb\nc\x07\u202Egpj.exe\u0085')).toBe('a\\u{1b}[31mb\\u{a}c\\u{7}\\u{202e}gpj.exe\\u{85}');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
        return !/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/.test(printable(text));
      }),
    );
  });

  it('keeps every letter that people read', () => {
    expect(printable('Ünïcode – 映画 🎬 العربية')).toBe('Ünïcode – 映画 🎬 العربية');
  });

  it('takes exactly the columns that it is given', () => {
    expect(toColumns('abc', 5)).toBe('abc  ');
    expect(toColumns('abcdef', 5)).toBe('abcd…');
    expect(toColumns('映画映画', 5)).toBe('映画…');
    expect(toColumns('映画映画', 6)).toBe('映画… ');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, columns) => {
        return widthOf(toColumns(printable(text), columns)) === columns;
      }),
    );
  });
});

describe('quantities', () => {
  it('of speed read well', () => {
    expect(formatSpeed(1234567.8)).toBe('1.18 MiB/s');
  });

  it('of progress say 100 only for what is whole', () => {
    expect([0, 0.0004, 0.5, 0.99999, 1].map(formatPercent)).toEqual(['0 %', '0 %', '50.0 %', '99.9 %', '100 %']);
  });

  it('of progress fill a bar of the same width', () => {
    expect(progressBar(0, 4)).toBe('░░░░');
    expect(progressBar(0.5, 4)).toBe('██░░');
    expect(progressBar(1, 4)).toBe('████');
    fc.assert(
      fc.property(
        fc.double({ min: -1, max: 2, noNaN: true }),
        fraction => [...progressBar(fraction, 20)].length === 20,
      ),
    );
  });
});

describe('a table', () => {
  it('is aligned under its titles, wide letters and styles included', () => {
    const { red } = { red: (text: string) => `\x1b[31m${text}\x1b[39m` };
    const lines = renderTable(
      [{ title: 'NAME' }, { title: 'SIZE', align: 'right' }, { title: 'X' }],
      [
        ['映画', '1 B', red('a')],
        ['longer name', '10.0 MiB', ''],
      ],
    );
    expect(lines).toEqual(['NAME             SIZE  X', `映画              1 B  ${red('a')}`, 'longer name  10.0 MiB']);
  });
});

describe('the lines of torrents', () => {
  const plain = createStyle(false);
  const torrent = (fields: Partial<TorrentReport>): TorrentReport => ({
    info_hash: 'a'.repeat(40),
    name: 'film',
    state: 'downloading',
    progress_bytes: 500,
    total_bytes: 1000,
    peers: 3,
    download_speed: 2 ** 20,
    error: null,
    ...fields,
  });

  it('show name, state, bar, percentage, speed and peers', () => {
    expect(torrentLines([torrent({})], { columns: 90, rows: 10, style: plain })).toEqual([
      'film                              downloading  █████░░░░░  50.0 %   1.00 MiB/s 3 peers',
    ]);
  });

  it('are never wider than the screen', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 250 }),
        fc.string({ unit: 'grapheme' }),
        fc.nat(),
        (columns, name, speed) => {
          const lines = torrentLines([torrent({ name, download_speed: speed })], { columns, rows: 10, style: plain });
          return lines.every(line => widthOf(line) < columns);
        },
      ),
    );
  });

  it('are never more than the screen has rows, and begin with those that need a look', () => {
    const many = Array.from({ length: 50 }, (_, index) =>
      torrent({ name: `n${index}`, state: index === 49 ? 'error' : 'seeding' }),
    );
    const lines = torrentLines(many, { columns: 100, rows: 5, style: plain });
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatch(/^n49 .*error/);
    expect(lines.at(-1)).toBe('… and 46 torrents more');
  });

  it('say what to do where there are none', () => {
    expect(torrentLines([], { columns: 100, rows: 5, style: plain })[0]).toMatch(/copy a \.torrent file/);
  });

  it('have colours where they are wanted', () => {
    expect(
      torrentLines([torrent({ state: 'error' })], { columns: 100, rows: 5, style: createStyle(true) })[0],
    ).toContain('\x1b[31merror');
  });
});

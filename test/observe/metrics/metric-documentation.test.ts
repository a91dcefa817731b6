import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { metricDocumentation } from '../../../src/observe/metrics/metric-documentation.ts';
import { metricSections } from '../../../src/observe/metrics/metric-sections.ts';

const docs = new URL('../../../docs/', import.meta.url);
const specs = metricSections.flatMap(({ metrics }) => metrics);

describe('the documentation of metrics', () => {
  test('is what the sections of metrics make: run `npm run docs` after a change', () => {
    expect(readFileSync(new URL('METRICS.md', docs), 'utf8')).toBe(metricDocumentation());
  });

  test('has every metric once', () => {
    const text = metricDocumentation();
    for (const { name } of specs) expect(text.split(`\n| \`${name}\` `)).toHaveLength(2);
  });
});

describe('the Grafana dashboard', () => {
  const text = readFileSync(new URL('grafana/torrent-fuse.json', docs), 'utf8');
  const known = new Set(specs.flatMap(({ name, type }) => (type === 'histogram' ? [`${name}_bucket`] : [name])));
  const used = new Set(
    expressionsOf(text).flatMap(expression => expression.match(/\b(torrent_fuse|process)_\w+/g) ?? []),
  );

  test('uses only metrics that exist', () => {
    expect(used.size).toBeGreaterThan(30);
    expect([...used].filter(name => !known.has(name))).toEqual([]);
  });

  test('groups and selects only by labels that its metrics have', () => {
    for (const expression of expressionsOf(text)) {
      const labels = specs.filter(({ name }) => expression.includes(name)).flatMap(spec => spec.labels);
      const allowed = new Set(['le', 'job', 'instance', ...labels]);
      const grouped = [...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(', '));
      const selected = [...expression.matchAll(/(\w+)=~?"/g)].map(([, name = '']) => name);
      for (const label of [...grouped, ...selected]) expect(allowed, expression).toContain(label);
    }
  });
});

function expressionsOf(text: string): string[] {
  const { panels } = JSON.parse(text) as { panels: { targets: { expr: string }[] }[] };
  return panels.flatMap(panel => panel.targets.map(target => target.expr));
}

import type { Metric } from './metric.ts';
import { metricSections } from './metric-sections.ts';

/** docs/METRICS.md, made from the sections of metrics. */
export function metricDocumentation(): string {
  return `${introduction}\n${sections().join('\n')}`;
}

const introduction = `<!-- Made by scripts/generate-metrics-docs.mjs from src/observe/metrics: edit there. -->

# Metrics

The same text stands in two places: \`MOUNTPOINT/.torrent-fuse/metrics\`, always, and \`/metrics\` of the HTTP server, when
\`--http HOST:PORT\` started one. Counting costs about 1 % of the cheapest request; everything else is gathered when
somebody asks.

\`\`\`yaml
# prometheus.yml
scrape_configs:
  - job_name: torrent-fuse
    static_configs: [{ targets: ["127.0.0.1:8080"] }]
    # Only where the server has a token:
    authorization: { credentials_file: /etc/prometheus/torrent-fuse.token }
\`\`\`

[\`grafana/torrent-fuse.json\`](grafana/torrent-fuse.json) is a dashboard to import into Grafana.

A _stable_ metric keeps its name, labels, unit and meaning until the next major version; an _experimental_ one may
change with any release, and the changelog says so. Histograms count in buckets that grow fourfold, from 1 µs on. What
an engine does not have, such as permits or a circuit breaker, has no value. Reads of files that the kernel serves by
itself (page cache, passthrough) never reach us and are not counted.
`;

function sections(): string[] {
  return metricSections.map(({ title, metrics }) => `## ${title}\n\n${table(metrics)}`);
}

function table(metrics: readonly Metric[]): string {
  const rows = [
    ['name', 'type', 'unit', 'labels', 'what it tells', 'stability'],
    ...metrics.map(({ name, type, labels, unit, help, stability }) => [
      `\`${name}\``,
      type,
      unit,
      labels.map(label => `\`${label}\``).join(', ') || '–',
      help,
      stability,
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map(row => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)));
  const rule = widths.map(width => '-'.repeat(width));
  return [lines[0], rule, ...lines.slice(1)].map(cells => `| ${cells?.join(' | ')} |\n`).join('');
}

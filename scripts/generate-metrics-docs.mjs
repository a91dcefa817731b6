// Writes docs/METRICS.md from the sections of metrics. Run by `npm run docs`, after a build.
import { writeFileSync } from 'node:fs';
import { metricDocumentation } from '../dist/observe/metrics/metric-documentation.js';

writeFileSync(new URL('../docs/METRICS.md', import.meta.url), metricDocumentation());

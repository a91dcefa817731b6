// npm run bench [-- name…]: runs the benchmarks (bench/*/index.mjs, all of them or those named) one after another and
// prints their rows in one table. Each default-exports async ({ row, log }) => void.
import { readdirSync } from 'node:fs';
import { formatTable } from './table.mjs';

const wanted = process.argv.slice(2);
const available = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(entry => entry.name)
  .sort();
const unknown = wanted.filter(name => !available.includes(name));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are: ${available.join(', ')}`);
  process.exit(2);
}

const rows = [];
try {
  for (const name of wanted.length > 0 ? wanted : available) {
    const { default: run } = await import(`./${name}/index.mjs`);
    await run({
      /** @param {{ measure: string, unit: string, ours: number, beside?: number, besideName?: string, goal?: number, most?: number }} row */
      row: row => rows.push({ benchmark: name, ...row }),
      log: line => console.error(`${name}: ${line}`),
    });
  }
} finally {
  console.log(formatTable(rows));
}

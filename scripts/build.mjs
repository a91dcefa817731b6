// Compiles src/ to dist/, one file to one file, and bundles webtorrent beside it, so that whoever installs the package
// needs none of the overrides that webtorrent needs to install.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
rmSync('dist', { recursive: true, force: true });

await build({
  entryPoints: { 'vendor/webtorrent': 'scripts/vendor/webtorrent.mjs' },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  legalComments: 'eof',
  logLevel: 'warning',
  // Optional native accelerators: absent, webtorrent does without them.
  external: ['utp-native', 'bufferutil', 'utf-8-validate'],
  // Bundled CommonJS packages call require() for node: built-ins.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
});
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
chmodSync('dist/cli/main.js', 0o755);
await buildDashboard();

/** The page is served as it is written; only uPlot is made smaller on its way. */
async function buildDashboard() {
  const page = 'dist/observe/dashboard';
  cpSync('src/observe/dashboard', page, {
    recursive: true,
    filter: source => !['.ts', '.json'].includes(extname(source)),
  });
  cpSync('node_modules/uplot/dist/uPlot.min.css', `${page}/uplot.css`);
  await build({
    entryPoints: ['node_modules/uplot/dist/uPlot.esm.js'],
    outfile: `${page}/uplot.js`,
    format: 'esm',
    minify: true,
    legalComments: 'inline',
    logLevel: 'warning',
  });
}

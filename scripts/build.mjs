// Compiles src/ to dist/, one file to one file, and bundles webtorrent beside it, so that whoever installs the package
// needs none of the overrides that webtorrent needs to install.
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { strictBencode } from './vendor/strict-bencode.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
rmSync('dist', { recursive: true, force: true });

const bundle = await build({
  entryPoints: { 'vendor/webtorrent': 'scripts/vendor/webtorrent.mjs' },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  // Optional native accelerators: absent, webtorrent does without them.
  external: ['utp-native', 'bufferutil', 'utf-8-validate'],
  plugins: [dialAsWeDo(), strictBencode()],
  // Bundled CommonJS packages call require() for node: built-ins.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
});
writeFileSync('dist/vendor/LICENSES.txt', licencesOf(bundle.metafile));
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
await buildDashboard();

/** webtorrent's torrents dial with scripts/vendor/net.mjs; its server listens with Node's own `net`. */
function dialAsWeDo() {
  let isUsed = false;
  return {
    name: 'dial-as-we-do',
    setup({ onResolve, onEnd }) {
      onResolve({ filter: /^net$/ }, ({ importer }) => {
        if (!importer.endsWith('/webtorrent/lib/torrent.js')) return undefined;
        isUsed = true;
        return { path: join(root, 'scripts/vendor/net.mjs') };
      });
      onEnd(() => {
        if (!isUsed) throw new Error("webtorrent's torrents dial with something else than `net`");
      });
    },
  };
}

/** Whoever passes the bundle on must pass on the licences of what is in it. */
function licencesOf({ inputs }) {
  const folders = Object.keys(inputs).flatMap(
    input => input.match(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? [],
  );
  return [...new Set(folders)].sort().map(licenceOf).join('\n\n');
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const file = readdirSync(folder).find(entry => /^licen[sc]e/i.test(entry));
  const text = file === undefined ? '' : `\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}`;
  return `${name} ${version} (${license ?? 'see its source'})${text}`;
}

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

/**
 * Data flows one way: cli → mount → fuse → fs → read → cache, engine. Each folder may import what is listed beside it,
 * itself and Node; anything else fails the lint. See docs/ARCHITECTURE.md.
 */
const mayImport = {
  cli: ['mount', 'config', 'demo', 'fuse', 'observe', 'util'],
  demo: ['engine', 'util'],
  mount: ['config', 'fuse', 'fs', 'catalog', 'read', 'cache', 'engine', 'observe', 'util'],
  config: ['util'],
  fs: ['fuse', 'catalog', 'read', 'cache', 'engine', 'util'],
  catalog: ['engine', 'util'],
  read: ['cache', 'engine', 'util'],
  cache: ['util'],
  engine: ['util'],
  fuse: ['util'],
  observe: ['util'],
  util: [],
};

const layers = Object.entries(mayImport).map(([folder, allowed]) => ({
  name: `layer-${folder}`,
  severity: 'error',
  comment: `src/${folder} may import only: ${[folder, ...allowed].join(', ')}`,
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...layers,
    {
      name: 'no-cycle',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'engine-implementations-apart',
      severity: 'error',
      comment: 'An engine knows the contract and itself, never the other implementation.',
      from: { path: '^src/engine/(embedded|rqbit)/' },
      to: { path: '^src/engine/(embedded|rqbit)/', pathNot: '^src/engine/$1/' },
    },
    {
      name: 'only-the-root-picks-an-engine',
      severity: 'error',
      from: { path: '^src/(fs|read|catalog|cli)/' },
      to: { path: '^src/engine/(embedded|rqbit)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|dist' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
  },
};

/** The arrows of ARCHITECTURE.md, as rules: an import that runs backwards fails the check. */
const layer = (name, mayNotUse, comment) => ({
  name: `${name}-arrows`,
  comment,
  severity: 'error',
  from: { path: `^src/${name}/`, pathNot: '\\.test\\.ts$' },
  to: { path: mayNotUse.map((other) => `^src/${other}`) },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-is-pure',
      comment: 'The rules know no I/O, no clock and no package.',
      severity: 'error',
      from: { path: '^src/domain/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: '^src/domain/' },
    },
    layer(
      'ledger',
      ['actions', 'http', 'workers', 'compose', 'cli', 'config', 'operations'],
      'SQL serves the actions, never the reverse.',
    ),
    layer(
      'actions',
      ['http', 'workers', 'compose', 'cli', 'config'],
      'What the system can do knows nothing of how it is asked.',
    ),
    layer(
      'gate',
      ['actions', 'http', 'workers', 'compose', 'cli', 'config'],
      'The gate advises; whoever asks it decides.',
    ),
    layer(
      'payments',
      ['actions', 'http', 'workers', 'compose', 'cli', 'config', 'operations'],
      'A provider knows nothing of who asks it.',
    ),
    layer(
      'webhooks',
      ['ledger', 'actions', 'http', 'workers', 'compose', 'cli', 'config', 'operations'],
      'What sends knows nothing of what it sends.',
    ),
    layer(
      'idempotency',
      ['ledger', 'payments', 'actions', 'http', 'workers', 'compose', 'cli', 'config'],
      'The store remembers answers; what they mean is not its business.',
    ),
    layer('http', ['workers', 'compose', 'cli', 'config'], 'A route calls actions and reads.'),
    layer('workers', ['http', 'compose', 'cli', 'config'], 'A duty calls actions.'),
    {
      name: 'lab-speaks-http',
      comment: 'The rehearsal, the checker and the benchmark judge the engine from outside.',
      severity: 'error',
      from: { path: '^lab/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/' },
    },
    {
      name: 'only-the-command-line-rehearses',
      comment: 'The engine knows nothing of the lab; the program that people call has both.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/rush\\.ts$' },
      to: { path: '^lab/' },
    },
    {
      name: 'only-the-command-line-calls',
      comment: 'The engine is called; the program that people call calls it, too.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^client/' },
    },
    {
      name: 'client-needs-nothing',
      comment: 'The client runs wherever there is fetch: no package, nothing of Node, nothing of the engine.',
      severity: 'error',
      from: { path: '^client/src/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: '^client/src/' },
    },
    {
      name: 'examples-are-copied',
      comment: 'An example needs the client as others install it and Node, nothing else of this repository.',
      severity: 'error',
      from: { path: '^examples/' },
      to: { pathNot: '^examples/|^client/src/(index|webhooks)\\.ts$', dependencyTypesNot: ['core'] },
    },
    {
      name: 'only-compose-chooses',
      comment: 'Only the command line and compose may read the configuration.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: '^src/(cli|cli/[a-z-]+|compose|compose-[a-z-]+|config/[a-z.-]+)\\.ts$',
      },
      to: { path: '^src/config/', dependencyTypesNot: ['type-only'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};

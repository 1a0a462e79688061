/** Who may import whom: docs/architecture.md says why. Each rule's comment is the message. */
const BELOW_CLI = [
  'spec',
  'core',
  'formats',
  'protocol',
  'reference',
  'backends',
  'conformance',
  'data',
  'run',
  'teacher',
  'evaluation',
  'training',
];
const layers = {
  spec: [],
  core: ['spec'],
  formats: ['core', 'spec'],
  protocol: ['core', 'spec'],
  reference: ['core', 'spec'],
  data: ['formats', 'core', 'spec'],
  conformance: ['reference', 'protocol', 'formats', 'core', 'spec'],
  run: ['data', 'formats', 'core', 'spec'],
  teacher: ['run', 'data', 'formats', 'core', 'spec'],
  evaluation: ['run', 'data', 'formats', 'core', 'spec'],
  training: ['evaluation', 'run', 'data', 'formats', 'core', 'spec'],
  site: BELOW_CLI,
  bench: BELOW_CLI,
  scripts: [...BELOW_CLI, 'site'],
};
const why = {
  spec: 'spec/ is what a port reads: it imports nothing, so that it can be read, and ported, alone.',
  core: 'core/ works on programs of the spec and nothing else: put what needs more into a layer above.',
  formats:
    'formats/ reads and writes files that others define: what they mean to Lacuna belongs to whoever opens them.',
  protocol:
    'protocol/ asks a program in another process: what its answers are worth belongs to conformance/.',
  reference: 'reference/ is the small right answer: it must not depend on what it judges.',
  data: 'data/ delivers clips and captions: what happens with them belongs to run/ and above.',
  run: 'run/ is what a run is, and how a model comes back from it: whoever trains, judges or teaches with it stands above.',
  conformance:
    'conformance/ is handed a backend: if it imported one, it could not judge a stranger.',
  teacher:
    'teacher/ embeds images and texts for masks and losses: it runs ONNX files itself, and knows no backend.',
  evaluation:
    'evaluation/ is handed a model and records: how the model was trained is no business of it.',
  training: 'training/ sees backends only through core/backend.ts: take a Backend as an argument.',
  site: 'site/ is what runs in browsers: what it shares with a command belongs a layer down.',
  bench:
    'bench/ measures what is shipped: what it shares with a command or a script belongs a layer down.',
  scripts:
    'scripts/ work on the project: what they share with a command or a measurement belongs a layer down.',
};
const test = '\\.test\\.ts$';

module.exports = {
  forbidden: [
    ...Object.entries(layers).map(([layer, allowed]) => ({
      name: `layer-${layer}`,
      severity: 'error',
      comment: why[layer],
      from: { path: `^${layer}/`, pathNot: [test, '^reference/oracle/'] },
      to: {
        path: '^(spec|core|formats|protocol|reference|backends|conformance|data|run|teacher|evaluation|training|site|cli|bench|scripts)/',
        pathNot: `^(${[layer, ...allowed].join('|')})/`,
      },
    })),
    {
      name: 'spec-imports-nothing',
      severity: 'error',
      comment: why.spec,
      from: { path: '^spec/', pathNot: test },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'core'] },
    },
    {
      name: 'backends-stand-alone',
      severity: 'error',
      comment:
        'A backend imports protocol, formats, core and spec only, never another backend: share by moving the code to core/.',
      from: { path: '^backends/([^/]+)/', pathNot: test },
      to: {
        path: '^(backends|reference|conformance|data|run|teacher|evaluation|training|site|cli|bench|scripts)/',
        pathNot: '^backends/$1/',
      },
    },
    {
      name: 'nothing-imports-cli',
      severity: 'error',
      comment: 'cli/ wires everything and is imported by nothing: move what you need a layer down.',
      from: { pathNot: ['^cli/', test] },
      to: { path: '^cli/' },
    },
    {
      name: 'site-stands-alone',
      severity: 'error',
      comment:
        'site/ is put together by scripts/site.ts and served as files: move what you need a layer down.',
      from: { pathNot: ['^(site|scripts)/', test] },
      to: { path: '^site/' },
    },
    {
      name: 'commands-stand-alone',
      severity: 'error',
      comment:
        'A command is imported by cli/commands.ts alone: what two commands share goes beside them, into a folder of cli/.',
      from: { path: '^cli/', pathNot: ['^cli/commands\\.ts$', test] },
      to: { path: '^cli/commands/' },
    },
    {
      name: 'bench-and-scripts-are-not-shipped',
      severity: 'error',
      comment: 'bench/ and scripts/ are not in the package: move what you need into a layer.',
      from: { pathNot: ['^(bench|scripts)/', test] },
      to: { path: '^(bench|scripts)/' },
    },
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'A cycle of imports: one of these files holds two concepts.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-test-code',
      severity: 'error',
      comment: 'Shipped code must not import tests.',
      from: { pathNot: test },
      to: { path: test },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|node_modules|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types'],
    },
  },
};

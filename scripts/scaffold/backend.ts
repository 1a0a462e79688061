import { upper, type Walk } from './walk.js';

/** A backend: a library that runs programs. */
export const BACKEND: Walk = {
  files: (name) => ({
    [`backends/${name}/index.ts`]: `import type { BackendFactory } from '../../core/backend.js';
import { LacunaError } from '../../spec/errors.js';

/** TODO: the library and its devices. */
export const ${upper(name)}: BackendFactory = {
  name: '${name}',
  devices: ['cpu'],
  probe: async () => ({ available: false, reason: 'this backend is not written yet' }),
  open: async () => {
    throw new LacunaError({ where: '${name}', what: 'this backend is not written yet' });
  },
};
`,
    [`backends/${name}/README.md`]: `# ${name}\n\nTODO: what it runs on, its numeric contract, its gaps.\n`,
  }),
  insertions: () => [],
  rest: (name) => [
    ['backends/registry.ts', `${upper(name)}, with its import`],
    [`backends/${name}/conformance.test.ts`, 'hands it to the conformance suite'],
    [
      `backends/${name}/conformance.long.test.ts`,
      'and with TESTED_LONG to its plans and trajectories',
    ],
    [`backends/${name}/mutants.json`, 'at least ten mistakes for scripts/plant-mistakes.ts'],
    ['package.json', 'its sub-path under exports'],
  ],
};

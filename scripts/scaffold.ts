import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { verifyProject } from './verify-project.js';

/** The new files of a kind, and the lines that must be added elsewhere: see CONTRIBUTING.md. */
interface Scaffold {
  readonly files: (name: string) => Readonly<Record<string, string>>;
  readonly lines: (name: string) => readonly string[];
}

const camel = (name: string): string =>
  name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
const upper = (name: string): string => name.replaceAll('-', '_').toUpperCase();
const snake = (name: string): string => name.replaceAll('-', '_');

const KINDS: Readonly<Record<string, Scaffold>> = {
  composite: {
    files: (name) => ({
      [`spec/program/composites/${name}.ts`]: `import type { Value } from '../builder.js';
import { Composite } from '../composite.js';

type None = Readonly<Record<never, never>>;

/** y = TODO: the formula, shapes and source. */
export const ${upper(name)}: Composite<None> = new Composite<None>({
  name: '${snake(name)}',
  operands: ['x'],
  attributes: {},
  results: ['y'],
  body: ([x]) => [x as Value],
});

/** TODO: one sentence. */
export function ${camel(name)}(x: Value): Value {
  return x.builder.call(${upper(name)}, [x], {})[0] as Value;
}
`,
    }),
    lines: (name) => [
      `spec/program/composites/index.ts: ${upper(name)} in ALL, with its import`,
      `spec/program/index.ts: export * from './composites/${name}.js';`,
      `conformance/families/composites.ts: cases of '${snake(name)}'`,
      'core/text/golden: LACUNA_UPDATE_GOLDEN=1 npx vitest run core/text',
    ],
  },
  mask: {
    files: (name) => ({
      [`spec/masking/${name}.ts`]: `import type { MaskKind } from './kind.js';
import { tokenCount } from './grid.js';

/** TODO: which tokens are masked, in one sentence. */
export const ${camel(name)}: MaskKind = {
  per: 'slot',
  rounding: 'floor-masked',
  ratio: 0.9,
  source: 'TODO: paper or codebase, and the reason for the rounding',
  draw: ({ grid }) => new Uint8Array(tokenCount(grid)),
};
`,
    }),
    lines: (name) => [
      `spec/masking/kinds.ts: '${name}' in MaskKindName and in MASK_KINDS, with its import`,
      `spec/masking/draw-mask.test.ts: its golden mask`,
    ],
  },
  loss: {
    files: (name) => ({
      [`spec/objectives/${name}.ts`]: `import { mean, square, sub, type Value } from '../program/index.js';

/** TODO: the formula, shapes and source. */
export function ${camel(name)}Loss(prediction: Value, target: Value): Value {
  return mean(square(sub(prediction, target)));
}
`,
      [`reference/closed-forms/${name}.ts`]: `/** TODO: the loss in plain loops, with its gradient derived by hand. */
export function ${camel(name)}(prediction: Float64Array, target: Float64Array): number {
  let sum = 0;
  prediction.forEach((value, i) => {
    sum += (value - (target[i] ?? Number.NaN)) ** 2;
  });
  return sum / prediction.length;
}
`,
    }),
    lines: (name) => [
      `spec/objectives/index.ts: export * from './${name}.js';`,
      'reference/closed-forms/closed-forms.test.ts: program and closed form agree',
      'spec/model/pretraining.ts and run/settings/config-schema.ts: its place in a run',
    ],
  },
  backend: {
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
    lines: (name) => [
      `backends/registry.ts: ${upper(name)}, with its import`,
      `backends/${name}/conformance.test.ts: hands it to the conformance suite`,
      'package.json: its sub-path under exports',
    ],
  },
};

const [kind = '', name = ''] = process.argv.slice(2);
const scaffold = KINDS[kind];
if (kind === 'verify') {
  const missing = verifyProject();
  console.log(missing.length === 0 ? 'Nothing is missing.' : missing.join('\n'));
  process.exitCode = missing.length === 0 ? 0 : 1;
} else if (scaffold === undefined || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
  console.error(`usage: npm run scaffold -- ${Object.keys(KINDS).join('|')} <name-in-kebab-case>
       npm run scaffold -- verify`);
  process.exitCode = 1;
} else {
  const files = Object.entries(scaffold.files(name));
  const existing = files.find(([path]) => existsSync(path));
  if (existing !== undefined) {
    console.error(`${existing[0]} exists already: choose another name.`);
    process.exitCode = 1;
  } else {
    for (const [path, content] of files) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      console.log(`wrote ${path} (${readFileSync(path, 'utf8').split('\n').length - 1} lines)`);
    }
    console.log(
      `\nNow add:\n${scaffold
        .lines(name)
        .map((line) => `  ${line}`)
        .join('\n')}`,
    );
    console.log('\nThen: npm run scaffold -- verify');
  }
}

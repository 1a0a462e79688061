import { camel, snake, upper, type Walk } from './walk.js';

/** A composite of primitives, which a backend may claim. */
export const COMPOSITE: Walk = {
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
  insertions: () => [],
  rest: (name) => [
    ['spec/program/composites/index.ts', `${upper(name)} in ALL, with its import`],
    ['spec/program/index.ts', `export * from './composites/${name}.js';`],
    ['core/testing/random-operations.ts', 'how it is drawn at random'],
    ['spec/clauses/operations.ts', `its clauses op.${snake(name)} and op.${snake(name)}.gradient`],
    ['conformance/families/composites.ts', `cases of '${snake(name)}'`],
    [`core/text/golden/${snake(name)}.txt`, 'LACUNA_UPDATE_GOLDEN=1 npx vitest run core/text'],
  ],
};

import { camel, exported, snake, type Walk } from './walk.js';

/** A loss of reconstruction: its file, its closed form, and a line for each. */
export const LOSS: Walk = {
  files: (name) => ({
    [`spec/objectives/${name}.ts`]: `import { mean, square, sub, type Value } from '../program/index.js';

/** TODO: the formula, shapes and source. */
export function ${camel(name)}Loss(prediction: Value, target: Value): Value {
  return mean(square(sub(prediction, target)));
}
`,
    [`reference/closed-forms/${name}.ts`]: `import type { MaeResult } from './mae.js';

/** TODO: the loss in plain loops, with its gradient derived by hand. */
export function ${camel(name)}ClosedForm(
  prediction: ArrayLike<number>,
  target: ArrayLike<number>,
): MaeResult {
  const count = prediction.length;
  const differences = Float64Array.from(prediction, (x, i) => x - (target[i] ?? Number.NaN));
  return {
    loss: differences.reduce((sum, x) => sum + x * x, 0) / count,
    dPrediction: differences.map((x) => (2 * x) / count),
  };
}
`,
  }),
  insertions: (name) => {
    const closed = 'reference/closed-forms/reconstruction-losses.ts';
    const call = `${camel(name)}ClosedForm`;
    return [
      exported(
        'spec/objectives/all-reconstruction-losses.ts',
        name,
        `${camel(name)}Loss as '${name}'`,
      ),
      { file: closed, before: '', text: `import { ${call} } from './${name}.js';` },
      { file: closed, before: '};', text: `  '${name}': ${call},` },
    ];
  },
  rest: (name) => [
    [`spec/objectives/${name}.ts`, 'the loss as operations on values'],
    [`reference/closed-forms/${name}.ts`, 'the same in plain loops with its gradient by hand'],
    ['spec/clauses/method.ts', `its clauses loss.${snake(name)} and loss.${snake(name)}.gradient`],
    ['conformance/families/objectives.ts', 'its cases, so that backends and ports are held to it'],
  ],
};

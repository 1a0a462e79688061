import { camel, snake, type Walk } from './walk.js';

/** A function of one float. Its facts are written, so that the compiler asks for the rest. */
export const PRIMITIVE: Walk = {
  files: () => ({}),
  insertions: (name) => [
    {
      file: 'spec/program/primitive-facts.ts',
      before: '  compare: {',
      text: `  ${snake(name)}: {
    class: 'unary',
    operands: 1,
    attributes: {},
    takes: 'floats',
    gives: 'operand',
    accuracy: { ieee: { ulps: 4 }, wgsl: { ulps: 4 } },
    means: 'TODO: one sentence.',
    formula: 'y = ${snake(name)} x',
  },`,
    },
  ],
  rest: (name) => {
    const own = snake(name);
    return [
      ['spec/program/primitive-facts.ts', 'its class, operands, attributes, accuracy and clause'],
      ['spec/program/elementwise.ts', `the function ${camel(name)} that users of the builder call`],
      ['core/autodiff/rules.ts', 'its cotangents'],
      ['reference/library-functions.ts', 'its value, slope and range'],
      ['backends/onnx/lowering/primitives.ts', 'its ONNX operator'],
      ['backends/tfjs/lowering/primitives.ts', 'its call in TensorFlow.js'],
      ['backends/webgpu/lowering/elementwise.ts', 'its cost and its expression in WGSL'],
      ['backends/xla/python/lacuna_xla/primitives.py', `'${own}' among the primitives`],
      ['ports/python/lacuna_port/interpreter.py', `'${own}' in PRIMITIVES`],
      ['ports/pytorch/lacuna_torch/programs.py', `'${own}' in PRIMITIVES`],
      ['docs/specification.md', 'npx tsx scripts/specification.ts'],
      ['docs/sizes.md', 'npx tsx scripts/sizes.ts'],
      ['conformance/mutants/kills.json', 'npx tsx scripts/prove-suite.ts'],
      ['docs/proof.md', 'by the same command'],
    ];
  },
};

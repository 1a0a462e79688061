/**
 * What the parts of a ViT-B training step cost on ONNX Runtime's CPU, beside a 1024-cubed matrix
 * product, and what the choices of the lowering save: chunks of elementwise work against whole
 * tensors.
 *
 *   npx tsx bench/onnx-ops.ts [--threads 2] [--runs 15]
 *
 * Prints the least milliseconds of each, as one line of JSON a row.
 */
import { parseArgs } from 'node:util';
import { OnnxBackend, type OnnxOptions } from '../backends/onnx/index.js';
import type { DeviceTensor } from '../core/backend.js';
import {
  ADAMW,
  ATTENTION,
  ATTENTION_GRAD,
  elementCount,
  GELU,
  GELU_GRAD,
  LAYER_NORM,
  LAYER_NORM_GRAD,
  linear,
  matmul,
  type Program,
  ProgramBuilder,
  type Shape,
  type Value,
} from '../spec/index.js';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    runs: { type: 'string', default: '15' },
  },
});

type Body = (operands: readonly Value[]) => readonly Value[];

function program(name: string, shapes: readonly Shape[], body: Body): Program {
  const builder = new ProgramBuilder(name);
  const operands = shapes.map((shape, i) => builder.input(`x${i}`, 'f32', shape, 'data'));
  body(operands).forEach((value, i) => {
    builder.output(`y${i}`, value);
  });
  return builder.finish();
}

/** A call of a composite on inputs of these shapes. */
function call(composite: { readonly name: string }, shapes: readonly Shape[], body: Body): Program {
  return program(`${composite.name} ${JSON.stringify(shapes[0])}`, shapes, body);
}

const on = ([first]: readonly Value[]): ProgramBuilder => (first as Value).builder;
const adamw = { beta1: 0.9, beta2: 0.95, eps: 1e-8, decay: 0.05, lr_scale: 1 };
const weights: Shape = [4 * 3072, 768];
const hidden: Shape = [3136, 1536];
const heads: Shape = [2, 6, 1568, 64];
const rows: Shape = [3136, 384];
const row: Shape = [384];
const column: Shape = [3136, 1];

const PROGRAMS: readonly Program[] = [
  program(
    'matmul 1024^3',
    [
      [1024, 1024],
      [1024, 1024],
    ],
    ([a, b]) => [matmul(a as Value, b as Value)],
  ),
  program('linear [320,768] to 3072', [[320, 768], [3072, 768], [3072]], ([x, w, b]) => [
    linear(x as Value, w as Value, b as Value),
  ]),
  program(
    'its weight gradient',
    [
      [320, 3072],
      [320, 768],
    ],
    ([dy, x]) => [matmul(dy as Value, x as Value, { transposeA: true })],
  ),
  call(ADAMW, [weights, weights, weights, weights, [], [], []], (operands) =>
    on(operands).call(ADAMW, operands, adamw),
  ),
  call(GELU, [hidden], (operands) => on(operands).call(GELU, operands, {})),
  call(GELU_GRAD, [hidden, hidden], (operands) => on(operands).call(GELU_GRAD, operands, {})),
  call(ATTENTION, [heads, heads, heads], (operands) =>
    on(operands).call(ATTENTION, operands, { scale: 0.125 }),
  ),
  call(ATTENTION_GRAD, [heads, heads, heads, heads, heads], (operands) =>
    on(operands).call(ATTENTION_GRAD, operands, { scale: 0.125 }),
  ),
  call(LAYER_NORM, [rows, row, row], (operands) =>
    on(operands).call(LAYER_NORM, operands, { eps: 1e-6 }),
  ),
  call(LAYER_NORM_GRAD, [rows, row, column, column, rows], (operands) =>
    on(operands).call(LAYER_NORM_GRAD, operands, {}),
  ),
];

async function leastMilliseconds(options: OnnxOptions, each: Program): Promise<number> {
  const backend = await OnnxBackend.open({ ...options, threads: Number(values.threads) });
  // Donated inputs give their memory to the outputs, as state does in a step.
  const donate = Object.fromEntries(
    each.name.startsWith(ADAMW.name) ? [0, 1, 2].map((i) => [`x${i}`, `y${i}`]) : [],
  );
  const executable = await backend.compile(each, { donate });
  let inputs: Record<string, DeviceTensor> = {};
  for (const { name, shape } of each.inputs) {
    const data = Float32Array.from({ length: elementCount(shape) }, (_, i) => ((i % 97) + 1) / 97);
    inputs[name] = await backend.upload({ dtype: 'f32', shape, data });
  }
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < Number(values.runs) + 3; run++) {
    const start = performance.now();
    const outputs = await executable.run(inputs);
    if (run >= 3) least = Math.min(least, performance.now() - start);
    const kept = Object.entries(donate).map(([input, output]) => [input, outputs[output]]);
    for (const [name, output] of Object.entries(outputs)) {
      if (!Object.values(donate).includes(name)) backend.release(output);
    }
    inputs = { ...inputs, ...(Object.fromEntries(kept) as Record<string, DeviceTensor>) };
  }
  await backend.dispose();
  return least;
}

for (const each of PROGRAMS) {
  const [shipped, whole] = [
    await leastMilliseconds({}, each),
    await leastMilliseconds({ chunkElements: 0 }, each),
  ];
  const milliseconds = { milliseconds: +shipped.toFixed(2), withoutChunks: +whole.toFixed(2) };
  console.log(JSON.stringify({ program: each.name, ...milliseconds }));
}

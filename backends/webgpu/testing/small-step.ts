import type { HostTensor } from '../../../core/backend.js';
import {
  add,
  broadcast,
  gelu,
  layerNorm,
  linear,
  matmul,
  mul,
  type Program,
  ProgramBuilder,
  softmax,
} from '../../../spec/program/index.js';

/** Rows of x: enough that one x a step, not released, shows in the memory of the process. */
export const ROWS = 4096;

/** w' from w and x, and a metric: with a composite, a bias, rows, and a value that stretches. */
export function stepProgram(): Program {
  const builder = new ProgramBuilder('step');
  const w = builder.input('w', 'f32', [4, 4], 'parameter');
  const b = builder.input('b', 'f32', [4], 'parameter');
  const x = builder.input('x', 'f32', [ROWS, 4], 'data');
  const hidden = gelu(linear(layerNorm(x, b, b, 1e-6), w, b));
  builder.output('w', mul(add(w, broadcast(b, [4, 4])), 0.5));
  builder.output('metric', softmax(matmul(hidden, hidden, { transposeA: true })));
  return builder.finish();
}

export const floats = (shape: number[], at: (i: number) => number): HostTensor => ({
  dtype: 'f32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => at(i)),
});

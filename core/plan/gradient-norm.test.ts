import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../../backends/onnx/index.js';
import { runOnce } from '../../conformance/subject.js';
import { gradientNorm, ProgramBuilder, RandomStream, type Shape } from '../../spec/index.js';
import type { Backend } from '../backend.js';

let onnx: Backend;
beforeAll(async () => {
  onnx = await ONNX.open({ threads: 1 });
});
afterAll(() => onnx.dispose());

/** Half a unit in the last place of a number between 1 and 2. */
const ROUNDING = 2 ** -24;

describe('the norm of the gradients on ONNX Runtime', () => {
  // Adding n terms of one sign in order makes n random roundings of partial sums that grow evenly:
  // a relative error with the deviation ROUNDING * sqrt(n) / 3, where no partial sum is so large that
  // single terms are lost in it. A row and then the rows are added: n is the sum of both.
  it.each<[string, Shape]>([
    ['a matrix of ViT-B', [3072, 768]],
    ["MAC's table of tokens", [8192, 768]],
  ])('is off by roundings of rows and columns alone: %s', async (_, shape) => {
    const [rows, columns] = shape as [number, number];
    const stream = new RandomStream({ seed: 1, stream: 'test', replicate: 0 });
    const data = Float32Array.from(
      { length: rows * columns },
      () => 1e-3 * (stream.uniform() - 0.5),
    );
    const builder = new ProgramBuilder('norm');
    builder.output('norm', gradientNorm([builder.input('g', 'f32', shape, 'data')]));
    const executable = await onnx.compile(builder.finish());
    const { norm } = await runOnce(onnx, executable, { g: { dtype: 'f32', shape, data } });
    await executable.dispose();
    const want = Math.sqrt(data.reduce((total, g) => total + g * g, 0));
    // The root halves what the sum is off by.
    const deviation = (ROUNDING * Math.sqrt(rows + columns)) / 3 / 2;
    expect(Math.abs((norm?.data[0] ?? 0) / want - 1)).toBeLessThan(6 * deviation);
  });
});

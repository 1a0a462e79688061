import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostTensor } from '../../core/backend.js';
import { capable } from '../../core/testing/capability.js';
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
} from '../../spec/program/index.js';
import { TfjsBackend } from './backend.js';
import { TFJS } from './index.js';
import { type LoadedTfjs, loadTfjs } from './library/load.js';
import { lower } from './lowering/lower.js';

const probe = await TFJS.probe();
const here = capable('tfjs', probe.available ? undefined : probe.reason);

/** w' from w and x, and a metric: with a literal, a bias, a composite, and a value that stretches. */
function stepProgram(): Program {
  const builder = new ProgramBuilder('step');
  const w = builder.input('w', 'f32', [4, 4], 'parameter');
  const b = builder.input('b', 'f32', [4], 'parameter');
  const x = builder.input('x', 'f32', [3, 4], 'data');
  const hidden = gelu(linear(layerNorm(x, b, b, 1e-6), w, b));
  const attention = softmax(matmul(hidden, hidden, { transposeB: true }));
  builder.output('w', mul(add(w, broadcast(b, [4, 4])), 0.5));
  builder.output('metric', attention);
  return builder.finish();
}

const tensor = (shape: number[], value: number): HostTensor => ({
  dtype: 'f32',
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
});

describe.skipIf(!here)('a program on TensorFlow', () => {
  let library: LoadedTfjs;
  let backend: TfjsBackend;
  beforeAll(async () => {
    library = await loadTfjs('cpu');
    backend = new TfjsBackend(library);
  });
  afterAll(() => backend.dispose());

  it('makes no tensor that outlives a step, in 1,000 of them', async () => {
    const program = stepProgram();
    const executable = await backend.compile(program, { donate: { w: 'w' } });
    const [b, x] = [
      await backend.upload(tensor([4], 0.1)),
      await backend.upload(tensor([3, 4], 1)),
    ];
    let w = await backend.upload(tensor([4, 4], 1));
    const counts = new Set<number>();
    for (let step = 0; step < 1000; step++) {
      const results = await executable.run({ w, b, x });
      const { w: next, metric } = results;
      if (next === undefined || metric === undefined) throw new Error('an output is missing');
      backend.release(metric);
      w = next as typeof w;
      counts.add(library.tf.memory().numTensors);
    }
    expect(counts.size).toBe(1);
    expect(backend.liveTensors).toBe(3);
    for (const each of [w, b, x]) backend.release(each);
    await executable.dispose();
  });

  it('frees everything when it is disposed of, also after a run that failed', async () => {
    const before = library.tf.memory().numTensors;
    const own = new TfjsBackend(library);
    const executable = await own.compile(stepProgram(), { donate: { w: 'w' } });
    const w = await own.upload(tensor([4, 4], 1));
    await expect(executable.run({ w })).rejects.toThrow('step: b: the input is missing');
    await own.dispose();
    expect(library.tf.memory().numTensors).toBe(before);
    await expect(executable.run({})).rejects.toThrow('disposed');
  });

  it('is refused for a type that TensorFlow.js has not', async () => {
    const builder = new ProgramBuilder('double');
    builder.output('y', add(builder.input('x', 'f64', [2], 'data'), 1));
    await expect(backend.compile(builder.finish())).rejects.toThrow(
      'x: TensorFlow.js has no such element type; got f64, expected one of f32, i32, u8, bool.',
    );
  });
});

describe('lowering to TensorFlow.js', () => {
  const program = stepProgram();

  it('adds a bias inside the product, and stretches nothing that an operation stretches', () => {
    const fused = lower(program).steps.length;
    expect(lower(program, { fuseBias: false }).steps.length).toBe(fused + 1);
  });

  it('makes literals once', () => {
    const literals = lower(program).steps.filter(({ operands }) => operands.length === 0);
    expect(literals.length).toBeGreaterThan(0);
  });
});

describe('finding TensorFlow.js', () => {
  it('says what to install where it is missing', async () => {
    const kept = process.env.LACUNA_TFJS;
    process.env.LACUNA_TFJS = '/nowhere';
    try {
      for (const device of TFJS.devices) {
        const found = await TFJS.probe({ device });
        expect(found.available ? '' : found.reason).toMatch(
          /cannot be used; got .+ Install it: npm/,
        );
      }
    } finally {
      if (kept === undefined) delete process.env.LACUNA_TFJS;
      else process.env.LACUNA_TFJS = kept;
    }
  });

  it('lists the devices for an unknown one', async () => {
    await expect(TFJS.open({ device: 'tpu' })).rejects.toThrow(
      'got tpu, expected one of cpu, cuda, wasm, js',
    );
  });
});

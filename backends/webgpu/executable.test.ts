import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostTensor } from '../../core/backend.js';
import { inputMaker } from '../../core/measure/problem.js';
import { PlanRunner, trainingPlan } from '../../core/plan/index.js';
import { capable } from '../../core/testing/capability.js';
import {
  ATTENTION_GRAD,
  add,
  broadcast,
  concat,
  finite,
  gather,
  matmul,
  mul,
  type Program,
  ProgramBuilder,
  softmax,
  sum,
  type Value,
} from '../../spec/program/index.js';
import type { WebgpuBackend } from './backend.js';
import { openWebgpu, WEBGPU } from './index.js';
import { HARDWARE } from './lowering/kernels/tiling.js';
import { toWords } from './tensor.js';
import { floats, ROWS, stepProgram } from './testing/small-step.js';

const probe = await WEBGPU.probe({ device: 'swiftshader' });
const here = capable('webgpu', probe.available ? undefined : probe.reason);

function programOf(make: (builder: ProgramBuilder) => Readonly<Record<string, Value>>): Program {
  const builder = new ProgramBuilder('test');
  for (const [name, value] of Object.entries(make(builder))) builder.output(name, value);
  return builder.finish();
}

describe.skipIf(!here)('a program on WebGPU', () => {
  let backend: WebgpuBackend;
  beforeAll(async () => {
    backend = await openWebgpu({ device: 'swiftshader' });
  });
  afterAll(() => backend.dispose());

  async function results(
    program: Program,
    inputs: Readonly<Record<string, HostTensor>>,
    on: WebgpuBackend = backend,
  ): Promise<Readonly<Record<string, HostTensor>>> {
    const executable = await on.compile(program);
    const given = await Promise.all(
      Object.entries(inputs).map(
        async ([name, tensor]) => [name, await on.upload(tensor)] as const,
      ),
    );
    const made = await executable.run(Object.fromEntries(given));
    const read = await Promise.all(
      Object.entries(made).map(
        async ([name, tensor]) => [name, await on.download(tensor)] as const,
      ),
    );
    for (const tensor of [...given.map(([, each]) => each), ...Object.values(made)]) {
      on.release(tensor);
    }
    await executable.dispose();
    return Object.fromEntries(read);
  }

  it('reads back together what is asked for together, and each its own', async () => {
    const tensors = Array.from({ length: 5 }, (_, i) => floats([i + 1], (at) => 10 * i + at));
    const held = await Promise.all(tensors.map((tensor) => backend.upload(tensor)));
    const { mapped } = backend.runtime.readBack;
    const read = await Promise.all(held.map((tensor) => backend.download(tensor)));
    expect(read).toEqual(tensors);
    expect(backend.runtime.readBack.mapped - mapped).toBe(1);
    for (const tensor of held) backend.release(tensor);
  });

  it('maps one buffer a step, after its last call', async () => {
    const shape = { batch: 4, visible: 4 };
    const config = {
      video: { frames: 4, size: 8, tubelet: 2, patch: 4 },
      encoder: { width: 8, depth: 1, heads: 2 },
      mae: { decoder: { width: 8, depth: 1, heads: 2 } },
    };
    const plan = trainingPlan(config, shape, { microbatches: 2 });
    const make = inputMaker({ ...shape, batch: 4 });
    const inputs = Object.values(plan.programs).flatMap((program) => program.inputs);
    const feed = ({ name }: { readonly name: string }): HostTensor => {
      const input = inputs.find((each) => each.name === name);
      if (input === undefined) throw new Error(`${name} is no input`);
      const rows = input.role === 'data' ? [shape.batch, ...input.shape.slice(1)] : input.shape;
      return make({ ...input, shape: rows });
    };
    const feeds = Object.fromEntries(inputs.map((input) => [input.name, feed(input)]));
    const runner = await PlanRunner.open(backend, plan, feed, feed);
    const { mapped } = backend.runtime.readBack;
    const metrics = await runner.step(feeds);
    expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
    expect(backend.runtime.readBack.mapped - mapped).toBe(1);
    await runner.dispose();
  });

  it('is not held once it is disposed of', async () => {
    const program = programOf((builder) => {
      const x = builder.input('x', 'f32', [3], 'data');
      return { y: add(x, x) };
    });
    const before = backend.liveExecutables;
    const executable = await backend.compile(program);
    expect(backend.liveExecutables).toBe(before + 1);
    await executable.dispose();
    expect(backend.liveExecutables).toBe(before);
  });

  it('hands on elements that are words already as they are', () => {
    for (const data of [new Uint8Array(8), new Int32Array(2), new Float32Array(2)]) {
      const dtype = data instanceof Uint8Array ? 'u8' : data instanceof Int32Array ? 'i32' : 'f32';
      expect(toWords({ dtype, shape: [data.length], data }).buffer).toBe(data.buffer);
    }
    expect(toWords({ dtype: 'u8', shape: [5], data: new Uint8Array(5) })).toHaveLength(8);
  });

  it('writes donated state in place', async () => {
    const executable = await backend.compile(stepProgram(), { donate: { w: 'w' } });
    const [b, x, w] = await Promise.all([
      backend.upload(floats([4], () => 0.1)),
      backend.upload(floats([ROWS, 4], () => 1)),
      backend.upload(floats([4, 4], () => 1)),
    ]);
    const [before] = w.memory;
    const made = await executable.run({ w, b, x });
    expect((made.w as typeof w).memory[0]).toBe(before);
    expect(() => w.memory).toThrow(/donated and cannot be used again/);
    for (const tensor of [...Object.values(made), b, x]) backend.release(tensor);
    await executable.dispose();
  });

  it('finds NaN and infinities by their bits', async () => {
    const program = programOf((builder) => ({
      y: finite(builder.input('x', 'f32', [6], 'data')),
    }));
    const values = [
      0,
      -1e38,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      1e-40,
    ];
    const { y } = await results(program, { x: floats([6], (i) => values[i] as number) });
    expect([...(y?.data ?? [])]).toEqual([1, 1, 0, 0, 0, 1]);
  });

  it('sums more than 2^24 elements, over more workgroups than one dimension has', async () => {
    const [rows, columns] = [300_007, 61];
    const program = programOf((builder) => {
      const x = builder.input('x', 'f32', [rows, columns], 'data');
      return { rows: sum(mul(x, 2), [1]), y: add(x, 1) };
    });
    const made = await results(program, { x: floats([rows, columns], (i) => i % 5) });
    const data = made.rows?.data as Float32Array;
    const wrong = data.findIndex((value, row) => {
      let total = 0;
      for (let column = 0; column < columns; column++) total += 2 * ((row * columns + column) % 5);
      return value !== total;
    });
    expect(wrong).toBe(-1);
    const y = made.y?.data as Float32Array;
    expect(y.findIndex((value, i) => value !== (i % 5) + 1)).toBe(-1);
  });

  it('joins more tensors than a kernel can bind', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `x${i}`);
    const program = programOf((builder) => ({
      y: concat(
        names.map((name) => builder.input(name, 'f32', [2], 'data')),
        0,
      ),
    }));
    const inputs = Object.fromEntries(
      names.map((name, i) => [name, floats([2], (j) => 2 * i + j)] as const),
    );
    const { y } = await results(program, inputs);
    expect([...(y?.data ?? [])]).toEqual(Array.from({ length: 60 }, (_, i) => i));
  });

  it('reads no other memory for an index out of range', async () => {
    const program = programOf((builder) => ({
      y: gather(
        builder.input('x', 'f32', [3, 2], 'data'),
        builder.input('rows', 'i32', [3], 'data'),
        0,
      ),
    }));
    const rows: HostTensor = { dtype: 'i32', shape: [3], data: Int32Array.of(-1, 1, 1e9) };
    const { y } = await results(program, { x: floats([3, 2], (i) => i + 1), rows });
    expect([...(y?.data ?? [])].slice(2, 4)).toEqual([3, 4]);
    for (const value of y?.data ?? []) expect([0, 1, 2, 3, 4, 5, 6]).toContain(value);
  });

  it('reads gradients of scores of its own range of keys, in tiles of another side', async () => {
    // 16 KiB hold tiles of 16 keys where scores are made, of 32 where they are read: 16 keys are no range.
    const shape = [1, 1, 20, 32];
    const program = programOf((builder) => {
      const given = ['q', 'k', 'v', 'o', 'g'].map((name) =>
        builder.input(name, 'f32', shape, 'data'),
      );
      const [dq, dk, dv] = builder.call(ATTENTION_GRAD, given, { scale: 0.25 });
      return { dq, dk, dv } as Readonly<Record<'dq' | 'dk' | 'dv', Value>>;
    });
    const inputs = Object.fromEntries(
      ['q', 'k', 'v', 'o', 'g'].map((name, at) => [
        name,
        floats(shape, (i) => ((i * 7919 + at * 31) % 101) / 101 - 0.5),
      ]),
    );
    const attention = { ...HARDWARE.attention, from: 1, scoreBytes: 16 * 4 * 20 };
    const tiled = await openWebgpu({
      device: 'swiftshader',
      tiling: { ...HARDWARE, attention },
      subgroups: false,
      defaultLimits: true,
    });
    const made = await results(program, inputs, tiled).finally(() => tiled.dispose());
    for (const [name, { data }] of Object.entries(await results(program, inputs))) {
      const errors = Array.from(data, (value, i) => Math.abs(value - (made[name]?.data[i] ?? 9)));
      expect(Math.max(...errors), name).toBeLessThan(1e-5);
    }
  });

  it('names a type that it does not compute in', async () => {
    const program = programOf((builder) => ({
      y: add(builder.input('x', 'f64', [2], 'data'), 1),
    }));
    await expect(backend.compile(program)).rejects.toThrow(/type is not supported; got f64/);
  });

  it('says when the device was lost, and does not hang', async () => {
    const other = await openWebgpu({ device: 'swiftshader' });
    const x = await other.upload(floats([2], () => 1));
    other.runtime.device.destroy();
    await expect(other.download(x)).rejects.toThrow(/webgpu: /);
  });
});

describe.skipIf(!here)('a value over the binding limit', () => {
  it('lies in several buffers, and is the same', async () => {
    const backend = await openWebgpu({ device: 'swiftshader', bindingBytes: 1024 });
    const program = programOf((builder) => {
      const x = builder.input('x', 'f32', [40, 13], 'data');
      const w = builder.input('w', 'f32', [13, 24], 'data');
      const y = softmax(matmul(x, w));
      return { y, z: add(x, broadcast(sum(x, [0]), [40, 13])) };
    });
    const inputs = { x: floats([40, 13], (i) => Math.sin(i)), w: floats([13, 24], Math.cos) };
    const executable = await backend.compile(program);
    const [x, w] = [await backend.upload(inputs.x), await backend.upload(inputs.w)];
    expect(x.memory).toHaveLength(3);
    expect(await backend.download(x)).toEqual(inputs.x);
    const made = await executable.run({ x, w });
    const whole = await openWebgpu({ device: 'swiftshader' });
    const expected = await whole.compile(program);
    const other = await expected.run({
      x: await whole.upload(inputs.x),
      w: await whole.upload(inputs.w),
    });
    for (const name of ['y', 'z']) {
      const [got, want] = [made[name], other[name]];
      if (got === undefined || want === undefined) throw new Error(`${name} is missing`);
      expect(await backend.download(got)).toEqual(await whole.download(want));
    }
    await backend.dispose();
    await whole.dispose();
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostTensor } from '../../../core/backend.js';
import {
  add,
  broadcast,
  gather,
  matmul,
  mul,
  type Program,
  ProgramBuilder,
  scatterAdd,
} from '../../../spec/program/index.js';
import { OnnxBackend } from '../index.js';

const SIZE = 64;

/** w' = 0.5 w + x, and the sum of old and new: a late reader of the old value. */
function updateProgram(): Program {
  const builder = new ProgramBuilder('update');
  const w = builder.input('w', 'f32', [SIZE], 'parameter');
  const x = builder.input('x', 'f32', [SIZE], 'data');
  const next = add(mul(w, 0.5), x);
  builder.output('w', next);
  builder.output('both', add(next, w));
  return builder.finish();
}

function vector(of: (index: number) => number): HostTensor {
  return {
    dtype: 'f32',
    shape: [SIZE],
    data: Float32Array.from({ length: SIZE }, (_, i) => of(i)),
  };
}

describe('an executable of ONNX Runtime', () => {
  let backend: OnnxBackend;
  beforeEach(async () => {
    backend = await OnnxBackend.open({ threads: 2 });
  });
  afterEach(async () => {
    await backend.dispose();
    expect(backend.liveTensors).toBe(0);
  });

  it('steps a donated state through two buffers, and never reads a new value for an old one', async () => {
    const executable = await backend.compile(updateProgram(), { donate: { w: 'w' } });
    const x = await backend.upload(vector(() => 1));
    let w = await backend.upload(vector((i) => i));
    let expected = Array.from({ length: SIZE }, (_, i) => i);
    const buffers = new Set<ArrayBufferLike>();
    for (let step = 0; step < 6; step++) {
      const results = await executable.run({ w, x });
      const next = expected.map((value) => 0.5 * value + 1);
      const [newW, both] = [results.w, results.both] as [typeof w, typeof w];
      expect([...(await backend.download(newW)).data]).toEqual(next);
      expect([...(await backend.download(both)).data]).toEqual(
        next.map((value, i) => value + (expected[i] as number)),
      );
      backend.release(both);
      buffers.add(newW.memory.buffer);
      [w, expected] = [newW, next];
    }
    expect(buffers.size).toBe(2);
    expect(backend.liveTensors).toBe(2);
  });

  it('refuses a handle that was donated, released or is of another backend', async () => {
    const executable = await backend.compile(updateProgram(), { donate: { w: 'w' } });
    const [w, x] = [await backend.upload(vector(() => 0)), await backend.upload(vector(() => 0))];
    await executable.run({ w, x });
    await expect(executable.run({ w, x })).rejects.toThrow('was donated');
    const fresh = await backend.upload(vector(() => 0));
    backend.release(x);
    backend.release(x);
    await expect(executable.run({ w: fresh, x })).rejects.toThrow('was released');
    const other = await OnnxBackend.open();
    const foreign = await other.upload(vector(() => 0));
    await expect(executable.run({ w: fresh, x: foreign })).rejects.toThrow('another backend');
    await other.dispose();
  });

  it('refuses inputs that are missing, of another type, or donated and used twice', async () => {
    const executable = await backend.compile(updateProgram(), { donate: { w: 'w' } });
    const w = await backend.upload(vector(() => 0));
    await expect(executable.run({ w })).rejects.toThrow('update: x: the input is missing');
    const short = await backend.upload({ dtype: 'f32', shape: [1], data: new Float32Array(1) });
    await expect(executable.run({ w, x: short })).rejects.toThrow('got f32[1], expected f32[64]');
    await expect(executable.run({ w, x: w })).rejects.toThrow('a donated tensor is also');
  });

  it('refuses a donation that fits no output', async () => {
    await expect(backend.compile(updateProgram(), { donate: { w: 'loss' } })).rejects.toThrow(
      'w: f32[64] for loss: no output',
    );
  });

  it('says so after it was disposed of', async () => {
    const executable = await backend.compile(updateProgram());
    await executable.dispose();
    await executable.dispose();
    await expect(executable.run({})).rejects.toThrow('disposed');
  });

  it('loses donated state, but not itself, in a run that fails', async () => {
    const builder = new ProgramBuilder('look-up');
    const table = builder.input('table', 'f32', [4], 'parameter');
    const indices = builder.input('indices', 'i32', [2], 'data');
    builder.output('rows', gather(table, indices, 0));
    builder.output('table', mul(table, 2));
    const executable = await backend.compile(builder.finish(), { donate: { table: 'table' } });
    const upload = (): ReturnType<typeof backend.upload> =>
      backend.upload({ dtype: 'f32', shape: [4], data: Float32Array.of(1, 2, 3, 4) });
    const at = (...data: number[]): ReturnType<typeof backend.upload> =>
      backend.upload({ dtype: 'i32', shape: [2], data: Int32Array.from(data) });
    const first = await upload();
    await expect(executable.run({ table: first, indices: await at(0, 9) })).rejects.toThrow(
      'ONNX Runtime failed to run the program',
    );
    await expect(backend.download(first)).rejects.toThrow('was donated');
    const { rows } = await executable.run({ table: await upload(), indices: await at(3, 0) });
    expect(rows && [...(await backend.download(rows)).data]).toEqual([4, 1]);
  });

  it('gives equal bits in every run, also where many rows are added to one', async () => {
    const builder = new ProgramBuilder('sums');
    const rows = 5000;
    const updates = builder.input('updates', 'f32', [2, rows, 16], 'data');
    const indices = builder.input('indices', 'i32', [2, rows], 'data');
    const weight = builder.input('weight', 'f32', [16, 16], 'data');
    const added = scatterAdd(indices, updates, 1, 3);
    builder.output('added', added);
    builder.output('product', matmul(added, broadcast(weight, [2, 16, 16]), { transposeB: true }));
    const executable = await backend.compile(builder.finish());
    const wave = (count: number, of: (index: number) => number): Float32Array =>
      Float32Array.from({ length: count }, (_, i) => of(i));
    const inputs = {
      updates: await backend.upload({
        dtype: 'f32',
        shape: [2, rows, 16],
        data: wave(2 * rows * 16, (i) => Math.fround(Math.sqrt((i * 37) % 101) - 5)),
      }),
      indices: await backend.upload({
        dtype: 'i32',
        shape: [2, rows],
        data: Int32Array.from({ length: 2 * rows }, (_, i) => (i * i) % 3),
      }),
      weight: await backend.upload({
        dtype: 'f32',
        shape: [16, 16],
        data: wave(256, (i) => Math.fround(1 / (i + 1))),
      }),
    };
    const seen = new Set<string>();
    for (let run = 0; run < 5; run++) {
      const { product } = await executable.run(inputs);
      const { data } = await backend.download(product as NonNullable<typeof product>);
      seen.add(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'));
    }
    expect(seen.size).toBe(1);
  });

  // The suite has the same in f32 (`real/collisions`).
  it('loses no update of f64 where threads meet in few rows', async () => {
    const [rows, count, width] = [4, 1024, 768];
    const builder = new ProgramBuilder('sums');
    const updates = builder.input('updates', 'f64', [count, width], 'data');
    const indices = builder.input('indices', 'i32', [count], 'data');
    builder.output('added', scatterAdd(indices, updates, 0, rows));
    const executable = await backend.compile(builder.finish());
    const given = {
      updates: { ...updates, data: new Float64Array(count * width).fill(1) },
      indices: { ...indices, data: Int32Array.from({ length: count }, (_, i) => i % rows) },
    };
    const inputs = {
      updates: await backend.upload(given.updates),
      indices: await backend.upload(given.indices),
    };
    for (let run = 0; run < 60; run++) {
      const { added } = await executable.run(inputs);
      const { data } = await backend.download(added as NonNullable<typeof added>);
      backend.release(added as NonNullable<typeof added>);
      expect(data.every((sum) => sum === count / rows)).toBe(true);
    }
  });

  it('reports what ONNX Runtime refuses in one sentence', async () => {
    const builder = new ProgramBuilder('half');
    const x = builder.input('x', 'bf16', [2], 'data');
    builder.output('y', mul(x, x));
    const run = async (): Promise<unknown> => {
      const executable = await backend.compile(builder.finish());
      const data = new Uint16Array(2);
      return executable.run({ x: await backend.upload({ dtype: 'bf16', shape: [2], data }) });
    };
    await expect(run()).rejects.toThrow(/^half: ONNX Runtime refuses the program; got .+\.$/);
  });
});

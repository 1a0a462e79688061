import { describe, expect, it } from 'vitest';
import { add, ProgramBuilder, sum } from '../../spec/program/index.js';
import type { Backend, DeviceTensor, HostTensor } from '../backend.js';
import type { Plan } from './plan.js';
import { PlanRunner } from './plan-runner.js';

/** The last of two processes, with what it uploads and what its programs would split; nothing is computed. */
function recorder(): {
  readonly backend: Backend;
  readonly uploads: (readonly [data: readonly number[], rows: number | undefined])[];
  readonly split: (readonly string[] | undefined)[];
  readonly recomputed: (boolean | undefined)[];
} {
  const uploads: (readonly [readonly number[], number | undefined])[] = [];
  const split: (readonly string[] | undefined)[] = [];
  const recomputed: (boolean | undefined)[] = [];
  const zero: HostTensor = { dtype: 'f32', shape: [], data: new Float32Array(1) };
  const backend: Backend = {
    info: {
      ...{ name: 'recorder', version: '1', device: 'none', contract: 'f32-ieee' },
      ...{ deterministic: true, residency: 'resident', claims: [] },
      ...{ devices: 2, processes: 2, process: 1 },
    },
    compile: async (program, options) => {
      split.push(options?.rows);
      recomputed.push(options?.recompute);
      const outputs = program.outputs.map(({ name }) => [name, zero] as const);
      return {
        program,
        compileSeconds: 0,
        run: async () => Object.fromEntries(outputs),
        dispose: async () => {},
      };
    },
    upload: async (tensor, rows): Promise<DeviceTensor> => {
      uploads.push([[...tensor.data], rows]);
      return tensor;
    },
    download: async () => zero,
    release: () => {},
    liveTensors: 0,
    dispose: async () => {},
  };
  return { backend, uploads, split, recomputed };
}

const unexpected = (): HostTensor => {
  throw new Error('these plans have neither state nor tables');
};

it.each([true, false])('the plan says whether what can be is made again: %s', async (recompute) => {
  const builder = new ProgramBuilder('whole');
  builder.output('loss', sum(builder.input('x', 'f32', [4], 'data'), [0]));
  const programs = { whole: builder.finish() };
  const calls = [{ program: 'whole', repeat: 1 }];
  const { backend, recomputed } = recorder();
  const plan = { programs, calls, state: [], scratch: [], recompute };
  await PlanRunner.open(backend, plan, unexpected, unexpected);
  expect(recomputed).toEqual([recompute]);
});

describe('a step in parts of one of several processes', () => {
  it('has equal parts of its own rows, under their numbers in the whole batch', async () => {
    const builder = new ProgramBuilder('part');
    const x = builder.input('x', 'f32', [4], 'data');
    const places = builder.input('rows', 'i32', [4], 'data');
    builder.output('loss', sum(x, [0]));
    builder.output('places', add(places, places));
    const plan: Plan = {
      programs: { part: builder.finish() },
      calls: [{ program: 'part', repeat: 2, rows: 'rows' }],
      state: [],
      scratch: [],
      batch: 8,
    };
    const { backend, uploads, split } = recorder();
    const runner = await PlanRunner.open(backend, plan, unexpected, unexpected);
    await runner.step({ x: { dtype: 'f32', shape: [4], data: Float32Array.of(10, 11, 12, 13) } });
    expect(split).toEqual([['x', 'rows']]);
    expect(uploads).toEqual([
      [[10, 11], 4],
      [[4, 5], 4],
      [[12, 13], 4],
      [[6, 7], 4],
    ]);
  });
});

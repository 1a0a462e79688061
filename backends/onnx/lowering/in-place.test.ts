import { describe, expect, it } from 'vitest';
import { stepInputs, TINY_JOINT } from '../../../conformance/steps/tiny-step.js';
import type { DeviceTensor, Named } from '../../../core/backend.js';
import { trainingPlan } from '../../../core/plan/index.js';
import {
  ADAMW,
  add,
  matmul,
  mul,
  type Program,
  ProgramBuilder,
  reshape,
  type Value,
} from '../../../spec/program/index.js';
import { OnnxBackend } from '../index.js';
import { updatesInPlace } from './in-place.js';

const ATTRIBUTES = { beta1: 0.9, beta2: 0.95, eps: 1e-8, decay: 0.05, lr_scale: 1 };
const STATE = { p: 'p', m: 'm', v: 'v' } as const;

interface Readers {
  /** Reads the old p before the update. */
  readonly early?: (p: Value, m: Value) => Value;
  /** Reads the old p and the new one after it. */
  readonly late?: (p: Value, next: Value) => Value;
}

/** An update of p [4, 4] from a gradient made of `x`, and readers of p beside. */
function updateProgram({ early, late }: Readers = {}): Program {
  const builder = new ProgramBuilder('update');
  const [p, m, v] = ['p', 'm', 'v'].map((name) =>
    builder.input(name, 'f32', [4, 4], name === 'p' ? 'parameter' : 'optimizer'),
  ) as [Value, Value, Value];
  const x = builder.input('x', 'f32', [4, 4], 'data');
  const scalars = ['lr', 'c1', 'c2'].map((name) => builder.input(name, 'f32', [], 'schedule'));
  if (early !== undefined) builder.output('early', early(p, m));
  const [next, nextM, nextV] = builder.call(ADAMW, [p, m, v, matmul(x, x), ...scalars], ATTRIBUTES);
  builder.output('p', next as Value);
  builder.output('m', nextM as Value);
  builder.output('v', nextV as Value);
  if (late !== undefined) builder.output('late', late(p, next as Value));
  return builder.finish();
}

describe('updates in place', () => {
  it('overwrites state that nothing reads later', () => {
    const { inputs, after } = updatesInPlace(updateProgram(), STATE);
    expect([...inputs]).toEqual(['p', 'm', 'v']);
    expect([...after.values()].flat()).toEqual([]);
  });

  it('waits for a reader on which the update does not depend, also through a view', () => {
    const program = updateProgram({ early: (p) => mul(reshape(p, [16]), 2) });
    const { inputs, after } = updatesInPlace(program, STATE);
    expect([...inputs]).toEqual(['p', 'm', 'v']);
    expect([...after.values()].flat()).toEqual(['mul']);
  });

  it('keeps both where a reader comes later, reads what is new, or is an output as it stands', () => {
    const later = updateProgram({ late: (p, next) => add(p, next) });
    const view = updateProgram({ early: (p) => reshape(p, [16]) });
    for (const program of [later, view]) {
      expect([...updatesInPlace(program, STATE).inputs]).toEqual(['m', 'v']);
    }
  });

  it('keeps both of a moment that something else reads, since no moment waits for the rate', () => {
    const program = updateProgram({ early: (_, m) => mul(m, 2) });
    expect([...updatesInPlace(program, STATE).inputs]).toEqual(['p', 'v']);
  });

  it('leaves state to two buffers where what replaces it is no update of it', () => {
    const program = updateProgram();
    expect([...updatesInPlace(program, { p: 'm', m: 'p' }).inputs]).toEqual([]);
  });
});

describe('a step in place', () => {
  const shape = { batch: 3, visible: 4 };
  const plan = trainingPlan(TINY_JOINT, shape);
  const step = plan.programs.step as Program;
  const donate = Object.fromEntries(
    step.inputs
      .map(({ name }) => name)
      .filter((name) => step.outputs.some((output) => output.name === name))
      .map((name) => [name, name]),
  );

  it('overwrites every parameter that is not clamped, and its moments', () => {
    const parameters = step.inputs.filter(({ role }) => role === 'parameter');
    const { inputs } = updatesInPlace(step, donate);
    expect(parameters.filter(({ name }) => !inputs.has(name)).map(({ name }) => name)).toEqual([
      'temperature.log_scale',
    ]);
  });

  it('makes the bits that two buffers make, two steps long', async () => {
    const backend = await OnnxBackend.open();
    const given = stepInputs(step, plan.state, { ...shape, draw: 1 });
    const run = async (donated: Named<string>): Promise<readonly number[][]> => {
      const executable = await backend.compile(step, { donate: donated });
      let inputs: Record<string, DeviceTensor> = {};
      for (const { name } of step.inputs) inputs[name] = await backend.upload(given[name] as never);
      const seen: number[][] = [];
      for (let i = 0; i < 2; i++) {
        const outputs = await executable.run(inputs);
        for (const { name } of step.outputs) {
          seen.push([...(await backend.download(outputs[name] as DeviceTensor)).data]);
        }
        const next = Object.keys(donate).map((name) => [name, outputs[name]] as const);
        inputs = { ...inputs, ...(Object.fromEntries(next) as Record<string, DeviceTensor>) };
      }
      await executable.dispose();
      return seen;
    };
    expect(await run(donate)).toEqual(await run({}));
    await backend.dispose();
  });
});

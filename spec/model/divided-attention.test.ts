import { describe, expect, it } from 'vitest';
import { stepInputs, TINY_DIVIDED } from '../../conformance/steps/tiny-step.js';
import { differentiate } from '../../core/autodiff/differentiate.js';
import type { HostTensor, Named } from '../../core/backend.js';
import { interpret } from '../../reference/index.js';
import { initialTensor } from '../../run/initialize.js';
import { attentionMapModel } from './attention-map.js';
import { pretrainingModel } from './pretraining.js';
import type { StateSpec } from './state.js';

const SHAPE = { batch: 2, visible: 4 };
/** Two places of each slot. */
const SHARED = Int32Array.of(0, 2, 4, 6, 1, 3, 5, 7);

function startOf(state: readonly StateSpec[]): Named<HostTensor> {
  return Object.fromEntries(state.map((spec) => [spec.name, initialTensor(spec, 3)]));
}

describe('divided attention at its start', () => {
  const model = pretrainingModel(TINY_DIVIDED, SHAPE, 'f64');
  const wide = (tensor: HostTensor): HostTensor =>
    tensor.dtype === 'f32'
      ? { ...tensor, dtype: 'f64', data: Float64Array.from(tensor.data) }
      : tensor;
  const inputs = Object.fromEntries(
    Object.entries({
      ...stepInputs(model.program, model.state, { ...SHAPE, draw: 5 }),
      ...startOf(model.state),
      visible: { dtype: 'i32' as const, shape: [2, 4], data: SHARED },
    }).map(([name, tensor]) => [name, wide(tensor)]),
  );

  it('adds nothing over time: the model is one without', () => {
    const { loss } = interpret(model.program, inputs);
    const random = new Map(
      Object.entries(inputs).map(([name, tensor]) => [
        name,
        // Whatever its output matrix holds, there is nothing to project.
        /time\.proj\.weight/.test(name)
          ? { ...tensor, data: Float64Array.from(tensor.data, (_, i) => Math.sin(i)) }
          : tensor,
      ]),
    );
    expect(interpret(model.program, Object.fromEntries(random)).loss?.data).toEqual(loss?.data);
  });

  it('lets only the bias of time attention learn: its matrix of ones meets a norm that takes off the mean', () => {
    const names = model.state.map(({ name }) => name).filter((name) => name.includes('.time.'));
    const { builder, gradients } = differentiate(model.program, 'loss', names);
    for (const [name, gradient] of gradients) builder.output(`grad.${name}`, gradient);
    const found = interpret(builder.finish(), inputs);
    for (const name of names) {
      const largest = Math.max(...Array.from(found[`grad.${name}`]?.data ?? [1], Math.abs));
      if (name.endsWith('proj.bias')) expect(largest, name).toBeGreaterThan(1e-6);
      // Rounding noise of float64 is left.
      else expect(largest, name).toBeLessThan(1e-13);
    }
  });
});

it('refuses a number of visible tokens that the slots cannot share', () => {
  expect(() => pretrainingModel(TINY_DIVIDED, { batch: 2, visible: 3 })).toThrow(
    'divided attention needs equally many visible tokens in each slot; got 3 tokens in 2 slots',
  );
});

it('shows what the middle token attends to: half of it over time, half over space', () => {
  const { video, encoder } = TINY_DIVIDED;
  const model = attentionMapModel({ video, encoder }, { batch: 2 });
  // At the start all scores over time are equal: of two slots and the class token a third each.
  const given = stepInputs(model.program, model.state, { batch: 2, visible: 8, draw: 3 });
  const inputs = { ...given, ...startOf(model.state) };
  const { attention } = interpret(model.program, inputs);
  expect(attention?.shape).toEqual([2, 1, 8]);
  // Slot 1, row 1, column 1 of 2 x 2 x 2 asks: token 7, and over time token 3.
  const row = Array.from(attention?.data ?? []).slice(0, 8);
  expect(row.slice(0, 3)).toEqual([0, 0, 0]);
  expect(row[3]).toBeCloseTo(1 / 6, 12);
  expect((row[7] as number) - 1 / 6).toBeGreaterThan(0);
  expect(row.reduce((a, b) => a + b, 0)).toBeLessThan(1);
});

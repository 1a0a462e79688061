import { join } from 'node:path';
import { expect } from 'vitest';
import type { HostTensor, Named } from '../../../core/backend.js';
import { SafetensorsFile } from '../../../formats/safetensors/safetensors-file.js';
import {
  elementCount,
  type Layout,
  type StateSpec,
  theirTensor,
  toOurs,
} from '../../../spec/index.js';
import { initialTensor } from '../../initialize.js';
import type { RunSettings } from '../../settings/config.js';
import { parseConfig } from '../../settings/parse-config.js';
import { modelState, resolveSettings } from '../../settings/settings.js';
import { RunWeights } from '../begin-weights.js';
import { takenTensor } from '../initial-weights.js';
import { withWeights } from '../with-weights.js';
import { FIXTURES } from './fixtures.js';

/** Settings of a run that begins with a folder's weights. */
export async function settingsFor(folder: string, config: object): Promise<RunSettings> {
  const base = { preset: 'tiny-mac', data: { list: 'list' }, output: 'run', ...config };
  return resolveSettings(parseConfig(await withWeights(base, [folder])));
}

/** The whole state that such a run begins with. */
export async function importedState(
  settings: RunSettings,
  vocabulary: number,
): Promise<Named<HostTensor>> {
  const specs = modelState(settings, vocabulary);
  const weights = await RunWeights.open(settings, () => {});
  try {
    const planned = await weights.plan(specs);
    const state: Record<string, HostTensor> = {};
    for (const spec of specs) state[spec.name] = initialTensor(spec, settings.seed);
    for (const { tensors, files } of planned?.taken ?? []) {
      for (const tensor of tensors) state[tensor.spec.name] = await takenTensor(tensor, files);
    }
    return state;
  } finally {
    await weights.close();
  }
}

/** A state as a fixture has it under the names of a layout: shapes and sizes are those of the model that was saved. */
export async function stateInLayout(
  name: string,
  layout: Layout,
  specs: readonly StateSpec[],
): Promise<Named<HostTensor>> {
  const file = await SafetensorsFile.open(join(FIXTURES, name, 'model.safetensors'));
  const state: Record<string, HostTensor> = {};
  for (const { name: ours, shape } of specs) {
    const their = theirTensor(layout, ours);
    if (their === undefined) throw new Error(`${ours} has no place in ${layout.name}`);
    const tensor = await file.read(their.name);
    const data = toOurs(tensor.data as Float32Array, tensor.shape, their.conversion);
    const [, third] = /^third\.(\d)$/.exec(their.conversion) ?? [];
    const count = elementCount(shape);
    const at = Number(third ?? 0) * count;
    state[ours] = { dtype: 'f32', shape, data: data.slice(at, at + count) };
  }
  await file.close();
  return state;
}

/** What the model of a fixture gave, by name. */
export async function expected(name: string): Promise<(tensor: string) => HostTensor> {
  const file = await SafetensorsFile.open(join(FIXTURES, name, 'expected.safetensors'));
  const tensors = new Map<string, HostTensor>();
  for (const each of file.tensors.keys()) tensors.set(each, await file.read(each));
  await file.close();
  return (tensor) => {
    const found = tensors.get(tensor);
    if (found === undefined) throw new Error(`the fixture ${name} has no ${tensor}`);
    return found;
  };
}

/** Holds features to PyTorch's: 1e-5 of the largest of them, both computed in float32. */
export function expectClose(got: HostTensor | undefined, want: HostTensor): void {
  expect(got?.data.length).toBe(want.data.length);
  let [worst, largest] = [0, 0];
  for (const [index, value] of [...want.data].entries()) {
    const difference = Math.abs(Number(got?.data[index]) - Number(value));
    worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference);
    largest = Math.max(largest, Math.abs(Number(value)));
  }
  expect(worst / largest).toBeLessThan(1e-5);
}

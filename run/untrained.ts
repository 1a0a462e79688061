import type { HostTensor } from '../core/backend.js';
import type { StateSpec } from '../spec/index.js';
import { initialTensor } from './initialize.js';
import type { TrainedModel } from './open-program.js';
import { modelState } from './settings/settings.js';

/** The untrained counterpart of a model: same settings, its state drawn, also where the run took weights. */
export function untrained(model: TrainedModel): TrainedModel {
  const { settings, tokenizer } = model;
  const start = (spec: StateSpec): [string, HostTensor] => [
    spec.name,
    initialTensor(spec, settings.seed),
  ];
  const state = modelState(settings, tokenizer?.vocabSize ?? 0).map(start);
  return { ...model, state: Object.fromEntries(state) };
}

import { stepInputs } from '../../conformance/steps/tiny-step.js';
import { trainingPlan } from '../../core/plan/index.js';
import type { ModelConfig } from '../../spec/index.js';
import type { Repeated } from './repeated.js';
import type { Sizes } from './sizes.js';

/**
 * A whole step of MAC and MAE together: learned positions and a text table that is trained, whose
 * gradients add many rows to few; every parameter and moment is donated.
 */
export function repeatedStep({ step }: Sizes): Repeated {
  const { frames, edge, width, batch } = step;
  const transformer = { width, depth: 2, heads: 3 };
  const config: ModelConfig = {
    video: { frames, size: edge, tubelet: 2, patch: 8 },
    encoder: { ...transformer, positions: 'learned' },
    mae: { decoder: { ...transformer, depth: 1 } },
    contrastive: {
      text: { ...transformer, vocabulary: 4096, length: 32 },
      textProjection: { kind: 'linear', width: 64 },
      videoProjection: { kind: 'mlp-bn', width: 64 },
      temperature: { kind: 'learned' },
    },
  };
  const count = (frames / 2) * (edge / 8) ** 2;
  const visible = Math.floor(count / 4);
  const plan = trainingPlan(config, { batch, visible });
  const { step: program } = plan.programs;
  if (program === undefined) throw new Error('a plan of one call has the program `step`');
  const outputs = new Set(program.outputs.map(({ name }) => name));
  const donated = program.inputs.filter(({ name }) => outputs.has(name));
  return {
    name: 'training step',
    size: `batch ${batch}, ${visible} of ${count} tokens, width ${width}`,
    program,
    inputs: () => stepInputs(program, plan.state, { batch, visible, draw: 7, count }),
    donate: Object.fromEntries(donated.map(({ name }) => [name, name])),
  };
}

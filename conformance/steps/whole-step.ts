import fc from 'fast-check';
import { trainingPlan } from '../../core/plan/training-plan.js';
import type { ModelConfig } from '../../spec/index.js';
import type { Program } from '../../spec/program/index.js';
import { type Case, type Family, family, programCase } from '../case.js';
import { stepInputs, TINY_JOINT, TINY_MAE } from './tiny-step.js';

/**
 * One whole pretraining step of a tiny model: loss, gradients (as first moments) and AdamW. For
 * runs in double only: in float32 the worst case of so many layers is wider than the results.
 */
export const STEP_FAMILIES: readonly Family[] = [
  step('step/mae', TINY_MAE),
  step('step/joint', TINY_JOINT),
];

function step(id: string, config: ModelConfig): Family {
  const parameters = fc.record({
    batch: fc.constantFrom(2, 3),
    visible: fc.constantFrom(1, 3, 4),
    draw: fc.nat({ max: 0xffff_ffff }),
  });
  const make = (drawn: { batch: number; visible: number; draw: number }): Case => {
    const plan = trainingPlan(config, drawn);
    const program = plan.programs.step as Program;
    const runs = [0, 1].map((run) => stepInputs(program, plan.state, { ...drawn, run }));
    return programCase(program, runs);
  };
  return family(id, parameters, make, {
    level: 3,
    clauses: ['step.gradients', 'step.update'],
    most: 8,
  });
}

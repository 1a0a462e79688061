import { type Problem, problemNamed } from '../../../core/measure/problem.js';
import { trainingPlan } from '../../../core/plan/index.js';
import type { Program } from '../../../spec/index.js';
import { type StepCost, stepCost } from '../lowering/cost.js';
import type { KernelLimits } from '../lowering/kernel.js';
import { HARDWARE } from '../lowering/kernels/tiling.js';
import { type Lowered, type LoweringOptions, lower } from '../lowering/lower.js';

export type Counted = 'tgm' | 'mac';

/** What desktop GPUs grant by Vulkan, Metal and D3D12 alike. */
const LIMITS: KernelLimits = {
  storageBuffers: 10,
  bindingBytes: 2 ** 31 - 4,
  workgroups: 65_535,
  invocations: 1024,
  workgroupBytes: 32 * 2 ** 10,
};

/** ViT-B's joint step of TGM (16 frames, one token in ten visible), or MAC's (4 frames, 40 % visible), of 32 clips. */
function problem(name: Counted): Problem {
  const joint = problemNamed('base', 32);
  if (name === 'tgm') return joint;
  const { mae: _, ...config } = joint.config;
  const video = { frames: 4, size: 224, tubelet: 1, patch: 16 };
  return { config: { ...config, video }, shape: { batch: 32, visible: 314 } };
}

/** A step as it is lowered for a large GPU, in f32 if not told otherwise, counted; no device is asked. */
export function countedStep(
  name: Counted,
  way: Partial<LoweringOptions> = {},
): {
  readonly lowered: Lowered;
  readonly cost: StepCost;
  /** FLOPs of one product of the size of all scores that never lie in memory. */
  readonly attended: number;
} {
  const { config, shape } = problem(name);
  const step = trainingPlan(config, shape).programs.step as Program;
  const returned = new Set(step.outputs.map((output) => output.name));
  const donated = step.inputs.map((input) => input.name).filter((input) => returned.has(input));
  const lowered = lower(step, {
    limits: LIMITS,
    tiling: HARDWARE,
    fuse: true,
    subgroups: true,
    factors: 'f32',
    matrixUnit: undefined,
    donate: Object.fromEntries(donated.map((input) => [input, input])),
    ...way,
  });
  const { encoder, mae, video } = config;
  const tokens = (video.frames / video.tubelet) * (video.size / video.patch) ** 2;
  const { from } = HARDWARE.attention;
  const scores = (depth: number, width: number, length: number): number =>
    length < from ? 0 : 2 * depth * shape.batch * length * length * width;
  const attended =
    scores(encoder.depth, encoder.width, shape.visible) +
    (mae === undefined ? 0 : scores(mae.decoder.depth, mae.decoder.width, tokens));
  return { lowered, cost: stepCost(step, lowered, LIMITS), attended };
}

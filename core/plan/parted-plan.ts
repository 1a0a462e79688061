import {
  type ActiveLossScaling,
  add,
  constant,
  gather,
  isFloat,
  lossScale,
  max,
  mul,
  notFinite,
  type PartedModel,
  type Program,
  ProgramBuilder,
  type ProgramInput,
  type ProgramOutput,
  type Shape,
  type StateSpec,
  scatterAdd,
  type Value,
} from '../../spec/index.js';
import { pullBack } from '../autodiff/differentiate.js';
import { simplify } from '../passes/simplify.js';
import {
  finishStep,
  parameterNames,
  planState,
  type StepOptions,
  scalingOf,
} from './finish-step.js';
import type { Plan, PlanCall } from './plan.js';

/** The input with the numbers of a part's rows in the global batch. */
const ROWS = 'rows';
/** Whether a gradient of a part was not finite, 1 or 0. */
const NOT_FINITE = 'accumulated.not_finite';

const accumulated = (name: string): string => `accumulated.${name}`;
const cotangent = (name: string): string => `cotangent.${name}`;

/**
 * The plan of a step whose batch is run in parts, with the loss and the gradients of one call:
 *
 * 1. `features`, of each part: what the batch's part of the model reads of its clips.
 * 2. `batch`, once: the loss over the global batch, the gradients of its parameters, and the cotangents
 *    of the features, [B, D]. Batch norm's statistics are those of the global batch.
 * 3. `backward`, of each part: its clips forward once more, and the pull-back of its rows of those
 *    cotangents and of its own loss / R; gradients are added up.
 * 4. `update`, once.
 *
 * Where nothing crosses between clips (reconstruction alone), there are 3 and 4 only. What crosses is
 * not named here: it is what the batch's part reads and the clips' part returns. No more than the
 * activations of one part are held at a time; the price is the forward pass of 1, a third more work.
 *
 * Source: Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup".
 *
 * @param parts R: the clips' part of the model is of B / R clips.
 */
export function partedPlan(
  { clips, batch, state }: PartedModel,
  parts: number,
  options: StepOptions,
): Plan {
  const scaling = scalingOf(options);
  const scratch = state
    .filter(({ role }) => role === 'parameter')
    .map(({ name, shape }) => scratchSpec(accumulated(name), shape));
  if (scaling !== undefined) scratch.push(scratchSpec(NOT_FINITE, []));
  const programs: Record<string, Program> = {};
  const calls: PlanCall[] = [];
  const call = (key: string, program: Program, repeat: number): void => {
    programs[key] = finished(key, program);
    const rows = programs[key].inputs.some(({ name }) => name === ROWS) ? { rows: ROWS } : {};
    calls.push({ program: key, repeat, ...rows });
  };
  const returned = new Set(clips.program.outputs.map(({ name }) => name));
  const crossing = batch?.program.inputs.filter(({ name }) => returned.has(name)) ?? [];
  const learns = batch?.program.outputs.some(({ name }) => name === 'loss') === true;
  if (batch !== undefined) {
    scratch.push(...crossing.map(({ name, shape }) => scratchSpec(name, shape)));
    call('features', featuresProgram(clips.program, crossing), parts);
    if (learns) {
      scratch.push(...crossing.map(({ name, shape }) => scratchSpec(cotangent(name), shape)));
      call('batch', batchProgram(batch, crossing, scaling), 1);
    } else call('batch', batch.program, 1);
  }
  call('backward', backwardProgram(clips, crossing, learns, parts, scaling), parts);
  call('update', updateProgram(state, options), 1);
  const { recompute = false } = options;
  return { programs, calls, state: planState(state, options), scratch, recompute };
}

/** The features of a part, added to the zeros of its rows. */
function featuresProgram(clips: Program, crossing: readonly ProgramInput[]): Program {
  const builder = ProgramBuilder.extend({ ...clips, outputs: [] });
  for (const { name, dtype, shape } of crossing) {
    const { value } = clips.outputs.find((output) => output.name === name) as ProgramOutput;
    const made = builder.value(value);
    const rows = rowsInput(made);
    const held = builder.input(name, dtype, shape, 'data');
    const placed = (): Value => add(held, scatterAdd(rows, made, 0, shape[0] as number));
    builder.output(name, builder.scope(`rows.${name}`, placed));
  }
  return builder.finish();
}

/** The loss over the global batch, with the gradients of its parameters and of what it reads. */
function batchProgram(
  { program, state }: NonNullable<PartedModel['batch']>,
  crossing: readonly ProgramInput[],
  scaling: ActiveLossScaling | undefined,
): Program {
  const read = crossing.filter(({ dtype }) => isFloat(dtype)).map(({ name }) => name);
  const wrt = [...parameterNames(state), ...read];
  const seeds = new Map([['loss', (loss: Value) => lossCotangent(loss, scaling, 1)]]);
  const { builder, gradients } = pullBack(program, seeds, wrt);
  for (const [name, gradient] of gradients)
    builder.output(read.includes(name) ? cotangent(name) : accumulated(name), gradient);
  if (scaling !== undefined) builder.output(NOT_FINITE, flagOf(builder, gradients));
  return builder.finish();
}

/** The gradients of a part's clips, added to those of the parts before. */
function backwardProgram(
  { program, state }: PartedModel['clips'],
  crossing: readonly ProgramInput[],
  learns: boolean,
  parts: number,
  scaling: ActiveLossScaling | undefined,
): Program {
  const cotangents = new Map<string, (output: Value) => Value>();
  if (program.outputs.some(({ name }) => name === 'loss'))
    cotangents.set('loss', (loss) => lossCotangent(loss, scaling, 1 / parts));
  for (const { name, dtype, shape } of learns ? crossing : []) {
    cotangents.set(name, (features) => {
      const { builder } = features;
      const rows = rowsInput(features);
      const all = builder.input(cotangent(name), dtype, shape, 'data');
      return builder.scope(`grad.${name}`, () => gather(all, rows, 0));
    });
  }
  const { builder, gradients } = pullBack(program, cotangents, parameterNames(state));
  for (const [name, gradient] of gradients) {
    const sum = builder.input(accumulated(name), gradient.dtype, gradient.shape, 'optimizer');
    builder.output(accumulated(name), add(sum, gradient));
  }
  // Both the parts and their sum are tested: not every backend promises that an infinity in a part
  // makes the sum infinite or NaN.
  if (scaling !== undefined) builder.output(NOT_FINITE, flagOf(builder, gradients));
  const made = builder.finish();
  const handed = new Set(crossing.map(({ name }) => name));
  return { ...made, outputs: made.outputs.filter(({ name }) => !handed.has(name)) };
}

function updateProgram(state: readonly StateSpec[], options: StepOptions): Program {
  const builder = new ProgramBuilder('update', { float: options.float ?? 'f32' });
  const gradients = new Map<string, Value>();
  for (const { name, shape, role } of state) {
    if (role !== 'parameter') continue;
    builder.input(name, builder.float, shape, 'parameter');
    gradients.set(name, builder.input(accumulated(name), builder.float, shape, 'optimizer'));
  }
  const bad = scalingOf(options) === undefined ? undefined : flagOf(builder, gradients);
  finishStep(builder, state, gradients, options, bad);
  return builder.finish();
}

/** What the gradients of a part are multiples of: its share, times the scale of a scaled loss. */
function lossCotangent(
  { builder, dtype }: Value,
  scaling: ActiveLossScaling | undefined,
  share: number,
): Value {
  const scale = scaling === undefined ? undefined : lossScale(builder, scaling);
  return builder.scope('grad', () => {
    if (scale === undefined) return constant(builder, share, { dtype });
    return share === 1 ? scale : mul(scale, share);
  });
}

/** Whether one of these or an earlier gradient is not finite, 1 or 0. */
function flagOf(builder: ProgramBuilder, tensors: ReadonlyMap<string, Value>): Value {
  const earlier = builder.input(NOT_FINITE, builder.float, [], 'optimizer');
  return max(
    earlier,
    builder.scope('scaler', () => notFinite(tensors.values())),
  );
}

/** The numbers of a part's rows, as many as `value` has. */
function rowsInput({ builder, shape }: Value): Value {
  if (builder.has(ROWS)) return builder.value(ROWS);
  return builder.input(ROWS, 'i32', [shape[0] as number], 'data');
}

/** Simplified, and without the inputs that nothing reads: they would be copied to the device. */
function finished(name: string, program: Program): Program {
  const simple = simplify({ ...program, name });
  const read = new Set([
    ...simple.operations.flatMap(({ operands }) => operands),
    ...simple.outputs.map(({ value }) => value),
  ]);
  return { ...simple, inputs: simple.inputs.filter((input) => read.has(input.name)) };
}

function scratchSpec(name: string, shape: Shape): StateSpec {
  return { name, shape, role: 'optimizer', init: { kind: 'constant', value: 0 }, decay: false };
}

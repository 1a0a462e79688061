import fc from 'fast-check';
import type { HostTensor, Named } from '../../core/backend.js';
import { patchify, videoEncoder } from '../../spec/index.js';
import { ModelBuilder } from '../../spec/model/state.js';
import { type Case, type Family, family, functionCase } from '../case.js';
import { spreadBounds } from '../steps/legal-spread.js';
import { scaledInputs, stepInputs, tinyVideo } from '../steps/tiny-step.js';

export interface ForwardDrawn {
  readonly batch: number;
  readonly visible: number;
  readonly depth: number;
  /** Width and heads. */
  readonly size: readonly number[];
  /** Frames of a cube, and its rows and columns. */
  readonly cube: readonly number[];
  readonly mlpRatio: number;
  readonly eps: number;
  /** The size of what is added to a token: where it is small, so are the variances in the norms. */
  readonly scale: number;
  /** What queries are multiplied with: where it is large, exp of a score overflows. */
  readonly sharpness: number;
  /** What is added to the table of positions. @defaultValue 0 */
  readonly offset?: number;
  readonly draw: number;
}

export const QUERIES: RegExp = /attn\.q\./;
/** Parameters whose results are added to a token. */
const ADDED = /^encoder\.(patch|positions|\d+\.attn\.proj|\d+\.mlp\.fc2)/;

/**
 * The encoder on the visible cubes of tiny clips: everything that it reads is an input. In f32 it is
 * judged by the spread of legal runs, since the worst case of its operations hides the exact GELU from
 * its tanh form, and one eps of the norms from another.
 */
export function forwardCase(drawn: ForwardDrawn): Case {
  const { batch, visible: count, depth, size, cube, mlpRatio, eps, scale, sharpness, draw } = drawn;
  const { offset = 0 } = drawn;
  const [width = 0, heads = 0] = size;
  const video = tinyVideo(cube);
  const config = { width, depth, heads, mlpRatio, normEps: eps };
  const model = new ModelBuilder('model_forward');
  const shape = [batch, video.frames, video.size, video.size, 3];
  const frames = model.program.input('frames', 'u8', shape, 'data');
  const visible = model.program.input('visible', 'i32', [batch, count], 'data');
  const encoded = videoEncoder(model, patchify(frames, video), visible, video, config);
  model.program.output('encoded', encoded);
  const { program, state } = model.finish();
  // One run: the spread of each costs 32 more.
  const inputs = stepInputs(program, state, { batch, visible: count, draw });
  const scaled = scaledInputs(scaledInputs(inputs, ADDED, scale), QUERIES, sharpness);
  const runs = [moved(scaled, 'encoder.positions', offset)];
  const { tubelet, patch } = video;
  const attributes = { tubelet, patch, width, depth, heads, mlp_ratio: mlpRatio, norm_eps: eps };
  return {
    ...functionCase({ program, runs }, { function: 'model.forward', attributes }),
    expected: (inputs, contract) => spreadBounds(program, inputs, contract),
  };
}

/** The inputs with a number added to the f32 one of this name. */
function moved(inputs: Named<HostTensor>, name: string, offset: number): Named<HostTensor> {
  const tensor = inputs[name];
  if (tensor === undefined || offset === 0) return inputs;
  return {
    ...inputs,
    [name]: { ...tensor, data: Float32Array.from(tensor.data, (x) => x + offset) },
  };
}

/** Cubes of another extent along each axis. */
export const CUBE: fc.Arbitrary<readonly number[]> = fc.constantFrom([2, 4], [1, 2], [3, 2]);

const sizes = {
  batch: fc.constantFrom(1, 2),
  visible: fc.constantFrom(1, 3, 8),
  depth: fc.constantFrom(1, 2, 3),
  size: fc.constantFrom([6, 2], [4, 1], [8, 4]),
  cube: CUBE,
  mlpRatio: fc.constantFrom(2, 4, 1.5),
  // VideoMAE and MAE, CLIP, Hugging Face.
  eps: fc.constantFrom(1e-6, 1e-5, 1e-12),
  scale: fc.constantFrom(1, 2 ** -6, 2 ** -10),
  sharpness: fc.constantFrom(1, 1, 2 ** 10),
  draw: fc.nat({ max: 0xffff_ffff }),
};

export const FORWARD_FAMILIES: readonly Family[] = [
  family('function/model.forward', fc.record(sizes), forwardCase, {
    level: 3,
    clauses: ['model.forward'],
    most: 12,
  }),
  family(
    'function/model.forward/offset',
    // Tokens far from 0: the mean of squares less the square of the mean has lost their variance.
    fc.record({ ...sizes, offset: fc.constantFrom(256, -1000) }),
    (drawn) => forwardCase({ ...drawn, scale: 1, sharpness: 1 }),
    { level: 3, clauses: ['model.forward'], most: 4 },
  ),
];

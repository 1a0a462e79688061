import fc from 'fast-check';
import type { FunctionAttributes } from '../../protocol/function-call.js';
import {
  type AdamWConfig,
  type DecoderConfig,
  gridOf,
  type VideoConfig,
  type VideoEncoderConfig,
} from '../../spec/index.js';
import { type Case, type Family, family } from '../case.js';
import { tinyVideo } from '../steps/tiny-step.js';
import { CUBE } from './forward.js';
import { callCase } from './step-call.js';

/** What the steps of a port have in common. */
export interface SizesDrawn {
  readonly batch: number;
  readonly visible: number;
  /** Frames of a cube, and its rows and columns. */
  readonly cube: readonly number[];
  /** Width, heads and depth. */
  readonly encoder: readonly number[];
  readonly mlpRatio: number;
  readonly normEps: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly decay: number;
  readonly draw: number;
}

export interface StepDrawn extends SizesDrawn {
  readonly decoder: readonly number[];
}

type Sizes = Readonly<Record<'width' | 'heads' | 'depth' | 'mlpRatio' | 'normEps', number>>;

/** The sizes of one part of the model, from its width, heads and depth. */
export function sizesOf(
  [width = 0, heads = 0, depth = 0]: readonly number[],
  { mlpRatio, normEps }: Pick<SizesDrawn, 'mlpRatio' | 'normEps'>,
): Sizes {
  return { width, heads, depth, mlpRatio, normEps };
}

/** The encoder and the optimiser of a step, as attributes of its call. */
export function commonAttributes(drawn: SizesDrawn): FunctionAttributes {
  const { cube, mlpRatio, normEps, beta1, beta2, eps, decay } = drawn;
  const { tubelet, patch } = tinyVideo(cube);
  const { width, depth, heads } = sizesOf(drawn.encoder, drawn);
  return {
    ...{ tubelet, patch, width, depth, heads, mlp_ratio: mlpRatio, norm_eps: normEps },
    ...{ beta1, beta2, eps, weight_decay: decay },
  };
}

export function optimizerOf({ beta1, beta2, eps, decay }: SizesDrawn): AdamWConfig {
  return { beta1, beta2, eps, weightDecay: decay };
}

/** A model that reconstructs, as attributes and as a configuration. */
export function reconstructing(drawn: StepDrawn): {
  readonly attributes: FunctionAttributes;
  readonly model: {
    readonly video: VideoConfig;
    readonly encoder: VideoEncoderConfig;
    readonly mae: { readonly decoder: DecoderConfig };
  };
  /** The squares that its loss adds. */
  readonly squares: number;
} {
  const video = tinyVideo(drawn.cube);
  const decoder = sizesOf(drawn.decoder, drawn);
  const { slots, rows, columns } = gridOf(video);
  const masked = slots * rows * columns - drawn.visible;
  return {
    attributes: {
      ...commonAttributes(drawn),
      decoder_width: decoder.width,
      decoder_depth: decoder.depth,
      decoder_heads: decoder.heads,
    },
    model: {
      video,
      encoder: sizesOf(drawn.encoder, drawn),
      mae: { decoder: { ...decoder, finalNormEps: drawn.normEps } },
    },
    squares: drawn.batch * masked * 3 * video.tubelet * video.patch ** 2,
  };
}

/** One reconstruction step of a tiny model. */
export function stepCase(part: 'gradients' | 'update', drawn: StepDrawn): Case {
  const { batch, visible, draw } = drawn;
  const { attributes, model, squares } = reconstructing(drawn);
  return callCase(part, {
    call: { function: 'step', attributes },
    shape: { batch, visible },
    optimizer: optimizerOf(drawn),
    ...{ model, squares, draw },
  });
}

type SizeArbitraries = {
  readonly [Name in Exclude<keyof SizesDrawn, 'batch'>]: fc.Arbitrary<SizesDrawn[Name]>;
};

/** Of every step. */
export const COMMON_PARAMETERS: SizeArbitraries = {
  visible: fc.constantFrom(1, 3, 4),
  cube: CUBE,
  encoder: fc.constantFrom([6, 2, 1], [4, 1, 2], [6, 3, 1]),
  mlpRatio: fc.constantFrom(2, 4),
  normEps: fc.constantFrom(1e-6, 1e-5),
  beta1: fc.constantFrom(0.9, 0.8),
  beta2: fc.constantFrom(0.95, 0.999),
  eps: fc.constantFrom(1e-8, 1e-6),
  decay: fc.constantFrom(0.05, 0.1),
  draw: fc.nat({ max: 0xffff_ffff }),
};

export const DECODERS: fc.Arbitrary<readonly number[]> = fc.constantFrom(
  [6, 2, 1],
  [4, 2, 1],
  [3, 1, 2],
);

const parameters = fc.record({
  ...COMMON_PARAMETERS,
  batch: fc.constantFrom(1, 2),
  decoder: DECODERS,
});

/** For ports: backends are judged by whole steps of their own (`steps/`), in their own precision. */
export const STEP_FUNCTION_FAMILIES: readonly Family[] = [
  family('function/step/gradients', parameters, (drawn) => stepCase('gradients', drawn), {
    level: 3,
    clauses: ['step.gradients'],
    most: 8,
  }),
  family('function/step/update', parameters, (drawn) => stepCase('update', drawn), {
    level: 3,
    clauses: ['step.update'],
    most: 8,
  }),
];

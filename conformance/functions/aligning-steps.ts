import fc from 'fast-check';
import { DIRECTIONS, type Directions, type ModelConfig } from '../../spec/index.js';
import { type Case, type Family, family } from '../case.js';
import { tinyVideo } from '../steps/tiny-step.js';
import {
  COMMON_PARAMETERS,
  commonAttributes,
  DECODERS,
  optimizerOf,
  reconstructing,
  type SizesDrawn,
  type StepDrawn,
  sizesOf,
} from './step.js';
import { callCase } from './step-call.js';
import { tubes } from './towers.js';

/** The width of the shared space. */
const SHARED = 5;
const VOCABULARY = 7;
/** Tokens of a caption, padding included. */
const LENGTH = 4;
const SLOTS = 2;

export interface ContrastiveStepDrawn extends SizesDrawn {
  /** Width, heads and depth. */
  readonly text: readonly number[];
  readonly textNormEps: number;
  readonly temperature: number;
  readonly directions: Directions;
}

/** MAC: divided attention, a text encoder with norms after, the class tokens aligned. */
export function contrastiveStepCase(
  part: 'gradients' | 'update',
  drawn: ContrastiveStepDrawn,
): Case {
  const { batch, visible: places, cube, textNormEps, temperature, directions, draw } = drawn;
  const text = sizesOf(drawn.text, { mlpRatio: drawn.mlpRatio, normEps: textNormEps });
  const model: ModelConfig = {
    video: tinyVideo(cube),
    encoder: {
      ...sizesOf(drawn.encoder, drawn),
      ...{ classToken: true, keyBias: true, attention: 'divided' },
      positions: 'learned-zero-slots',
    },
    contrastive: {
      text: {
        ...{ ...text, vocabulary: VOCABULARY, length: LENGTH, keyBias: true },
        ...{ norms: 'after', embeddingNorm: true, segments: 2 },
      },
      textProjection: { kind: 'relu-linear', width: SHARED },
      videoProjection: { kind: 'linear', width: SHARED },
      pool: 'class',
      temperature: { kind: 'fixed', value: temperature },
      directions,
    },
  };
  const attributes = {
    ...commonAttributes(drawn),
    ...{ text_width: text.width, text_depth: text.depth, text_heads: text.heads },
    text_norm_eps: textNormEps,
    ...{ temperature, directions },
  };
  return callCase(part, {
    call: { function: 'step.contrastive', attributes },
    shape: { batch, visible: SLOTS * places },
    optimizer: optimizerOf(drawn),
    inputs: tubes({ batch, places, slots: SLOTS, cube, draw }),
    ...{ model, draw },
  });
}

export interface JointStepDrawn extends StepDrawn {
  readonly maeWeight: number;
  readonly contrastiveWeight: number;
  readonly directions: Directions;
  /** The largest 1 / tau. */
  readonly maximumScale: number;
}

/** TGM: reconstruction, and the mean of the tokens aligned with a frozen teacher's embeddings of captions. */
export function jointStepCase(part: 'gradients' | 'update', drawn: JointStepDrawn): Case {
  const { batch, visible, maeWeight, contrastiveWeight, directions, maximumScale, draw } = drawn;
  const { attributes, model, squares } = reconstructing(drawn);
  return callCase(part, {
    call: {
      function: 'step.joint',
      attributes: {
        ...attributes,
        mae_weight: maeWeight,
        contrastive_weight: contrastiveWeight,
        directions,
        log_scale_limit: Math.log(maximumScale),
      },
    },
    model: {
      ...model,
      mae: { ...model.mae, weight: maeWeight },
      contrastive: {
        text: { frozen: true, width: SHARED },
        textProjection: { kind: 'none', width: SHARED },
        videoProjection: { kind: 'mlp-bn', width: SHARED },
        temperature: { kind: 'learned', maximumScale },
        weight: contrastiveWeight,
        directions,
      },
    },
    shape: { batch, visible },
    optimizer: optimizerOf(drawn),
    ...{ squares, draw },
  });
}

const contrastive = fc.record({
  ...COMMON_PARAMETERS,
  batch: fc.constantFrom(2, 3),
  visible: fc.constantFrom(1, 2, 3),
  text: fc.constantFrom([4, 2, 1], [6, 1, 2], [6, 3, 1]),
  textNormEps: fc.constantFrom(1e-12, 1e-5),
  temperature: fc.constantFrom(0.2, 0.5),
  directions: fc.constantFrom(...DIRECTIONS),
});

const joint = fc.record({
  ...COMMON_PARAMETERS,
  // Of two samples a batch norm makes -1 and 1, whatever they are.
  batch: fc.constantFrom(3, 4),
  decoder: DECODERS,
  maeWeight: fc.constantFrom(1, 0.5),
  contrastiveWeight: fc.constantFrom(1, 0.25),
  directions: fc.constantFrom(...DIRECTIONS),
  // Near where it starts, so that it cuts some draws; its logarithm is a float32 number. And CLIP's.
  maximumScale: fc.constantFrom(Math.exp(2.625), 100),
});

/** For ports, as `function/step`. */
export const ALIGNING_STEP_FAMILIES: readonly Family[] = [
  family(
    'function/step.contrastive/gradients',
    contrastive,
    (drawn) => contrastiveStepCase('gradients', drawn),
    { level: 3, clauses: ['step.gradients'], most: 6 },
  ),
  family(
    'function/step.contrastive/update',
    contrastive,
    (drawn) => contrastiveStepCase('update', drawn),
    { level: 3, clauses: ['step.update'], most: 6 },
  ),
  family('function/step.joint/gradients', joint, (drawn) => jointStepCase('gradients', drawn), {
    level: 3,
    clauses: ['step.gradients'],
    most: 6,
  }),
  family('function/step.joint/update', joint, (drawn) => jointStepCase('update', drawn), {
    level: 3,
    clauses: ['step.update'],
    most: 6,
  }),
];

import fc from 'fast-check';
import { expand } from '../../core/passes/expand.js';
import {
  ADAMW,
  ATTENTION,
  ATTENTION_GRAD,
  type Attributes,
  type Composite,
  CROSS_ENTROPY,
  CROSS_ENTROPY_GRAD,
  GELU,
  GELU_GRAD,
  LAYER_NORM,
  LAYER_NORM_GRAD,
  type ProgramBuilder,
  type Shape,
  SOFTMAX,
  SOFTMAX_GRAD,
  type Value,
} from '../../spec/program/index.js';
import { buildCase, type CaseInput, type Outputs } from '../build-case.js';
import { type Family, type FamilyOptions, family, programCase } from '../case.js';
import { positive } from '../generators/data.js';
import { correction, learningRate, probability } from '../generators/domains.js';
import { draw, positiveExtent, regime, shape } from '../generators/draws.js';
import type { Regime } from '../generators/regimes.js';

/** Inputs and attributes of a call. */
interface Call<A extends Attributes> {
  readonly inputs: Readonly<Record<string, CaseInput>>;
  readonly attributes: A;
}

/**
 * Two families of a composite: as a call, which a backend that claims it executes whole, and
 * written out in primitives. Both keep to the bounds of the body.
 */
function composite<A extends Attributes, P extends { regime: Regime; draw: number }>(
  { name, results }: Composite<A>,
  parameters: fc.Arbitrary<P>,
  describe: (parameters: P) => Call<A>,
  call: (builder: ProgramBuilder, operands: readonly Value[], attributes: A) => readonly Value[],
  options: FamilyOptions<P> = {},
): readonly Family[] {
  const make = (drawn: P): ReturnType<typeof buildCase> => {
    const { inputs, attributes } = describe(drawn);
    return buildCase(name, inputs, drawn, (values, builder): Outputs => {
      const operands = Object.keys(inputs).map((input) => values[input] as Value);
      const made = call(builder, operands, attributes);
      return Object.fromEntries(made.map((value, index) => [`${results[index]}`, value]));
    });
  };
  return [
    family(`composite/${name}/call`, parameters, make, options),
    family(
      `composite/${name}/expanded`,
      parameters,
      (drawn) => {
        const { program, runs } = make(drawn);
        return programCase(expand(program), runs);
      },
      options,
    ),
  ];
}

/** The call of a composite, with its attributes' type kept. */
function calls<A extends Attributes>(
  target: Composite<A>,
): (builder: ProgramBuilder, operands: readonly Value[], attributes: A) => readonly Value[] {
  return (builder, operands, attributes) => builder.call(target, operands, attributes);
}

const content = { regime, draw };
const rows = { rows: shape(0, 2, positiveExtent), width: positiveExtent, ...content };
/** The eps of the norms in VideoMAE, PyTorch and Hugging Face. */
const eps = fc.constantFrom(1e-6, 1e-5, 1e-12);

const softmax = composite(
  SOFTMAX,
  fc.record(rows),
  ({ rows: outer, width }) => ({ inputs: { x: { shape: [...outer, width] } }, attributes: {} }),
  calls(SOFTMAX),
);

const softmaxGrad = composite(
  SOFTMAX_GRAD,
  fc.record(rows),
  ({ rows: outer, width }) => {
    const whole: Shape = [...outer, width];
    return {
      inputs: { y: { shape: whole, domain: probability }, dy: { shape: whole } },
      attributes: {},
    };
  },
  calls(SOFTMAX_GRAD),
);

const layerNorm = composite(
  LAYER_NORM,
  fc.record({ ...rows, eps }),
  ({ rows: outer, width, eps: own }) => ({
    inputs: {
      x: { shape: [...outer, width] },
      gamma: { shape: [width], regime: 'normal' },
      beta: { shape: [width], regime: 'normal' },
    },
    attributes: { eps: own },
  }),
  calls(LAYER_NORM),
);

const layerNormGrad = composite(
  LAYER_NORM_GRAD,
  fc.record(rows),
  ({ rows: outer, width }) => ({
    inputs: {
      x: { shape: [...outer, width] },
      gamma: { shape: [width], regime: 'normal' },
      mean: { shape: [...outer, 1] },
      rstd: { shape: [...outer, 1], domain: positive },
      dy: { shape: [...outer, width] },
    },
    attributes: {},
  }),
  calls(LAYER_NORM_GRAD),
);

const gelu = composite(
  GELU,
  fc.record({ shape: shape(0, 3), ...content }),
  ({ shape: whole }) => ({ inputs: { x: { shape: whole } }, attributes: {} }),
  calls(GELU),
);

const geluGrad = composite(
  GELU_GRAD,
  fc.record({ shape: shape(0, 3), ...content }),
  ({ shape: whole }) => ({ inputs: { x: { shape: whole }, dy: { shape: whole } }, attributes: {} }),
  calls(GELU_GRAD),
);

const heads = {
  batch: fc.constantFrom(1, 2, 3),
  heads: fc.constantFrom(1, 2, 3),
  tokens: fc.constantFrom(1, 2, 5, 7, 16, 17),
  width: fc.constantFrom(1, 2, 4, 8, 13),
  more: fc.constantFrom(0, 0, 1, 4),
  bias: fc.boolean(),
  below: fc.constantFrom(0, 120),
  scale: fc.constantFrom<number | 'root'>('root', 0.3, 0.75),
  ...content,
};

/**
 * Scores of queries and keys far from 0 leave a softmax nothing that float32 could get right; equal
 * ones have gradients of exactly 0, of which every backend has its own rounding error.
 */
function calm(chosen: Regime, isGradient: boolean): Regime {
  const hopeless = chosen === 'offset' || chosen === 'mixed';
  return hopeless || (isGradient && chosen === 'constant') ? 'normal' : chosen;
}

/**
 * Factors of 8 bits lose more than 1 of a score of 128, which its softmax cannot bear, and all of what offset values
 * differ by, of which the gradients of queries and keys are made.
 */
function legible<P extends { readonly regime: Regime }>(parameters: P): P {
  const isLost = parameters.regime === 'logits' || parameters.regime === 'offset';
  return isLost ? { ...parameters, regime: 'normal' } : parameters;
}

interface Heads {
  readonly batch: number;
  readonly heads: number;
  readonly tokens: number;
  readonly width: number;
  /** Keys beyond the queries, as a class token is in divided attention. @defaultValue 0 */
  readonly more?: number;
  readonly bias: boolean;
  /** What the bias takes off all scores. */
  readonly below: number;
  /** `root`: 1 / sqrt(width). */
  readonly scale: number | 'root';
  readonly regime: Regime;
}

function attentionCall(
  { batch, heads: count, tokens, width, more = 0, bias, below, scale, regime: chosen }: Heads,
  others: readonly string[],
): Call<{ readonly scale: number }> {
  const x = { shape: [batch, count, tokens, width] };
  const isGradient = others.length > 0;
  const other = { shape: [batch, count, tokens + more, width] };
  const steady = isGradient && chosen === 'constant' ? { regime: 'normal' as const } : {};
  const whole = { ...x, ...steady };
  const inputs = {
    q: { ...x, regime: chosen === 'logits' ? 'normal' : calm(chosen, isGradient) },
    k: { ...other, regime: calm(chosen, isGradient) },
    v: { ...other, ...steady },
    ...Object.fromEntries(others.map((name) => [name, whole])),
  };
  // All scores far below 0 at times: what is taken off them must be their own maximum.
  const lowered = (x: number): number => Math.fround(x - below);
  const padding: CaseInput = {
    shape: [batch, 1, 1, tokens + more],
    regime: 'normal',
    domain: lowered,
  };
  return {
    inputs: bias ? { ...inputs, bias: padding } : inputs,
    attributes: { scale: scale === 'root' ? 1 / Math.sqrt(width) : scale },
  };
}

const attention = composite(
  ATTENTION,
  fc.record(heads),
  (drawn) => attentionCall(drawn, []),
  calls(ATTENTION),
  { coarse: legible },
);

const attentionGrad = composite(
  ATTENTION_GRAD,
  fc.record(heads),
  (drawn) => attentionCall(drawn, ['o', 'do']),
  calls(ATTENTION_GRAD),
  { coarse: legible },
);

/** One class only at times: its loss is 0 whatever the logits, which leaves nothing to judge. */
const classified = {
  rows: fc.constantFrom(1, 2, 5, 16),
  classes: fc.constantFrom(1, ...[2, 3, 5, 7, 8, 15, 16, 17, 31, 32, 33], ...[2, 3, 5, 10, 20]),
  ...content,
};

const crossEntropy = composite(
  CROSS_ENTROPY,
  fc.record(classified),
  ({ rows: count, classes }) => ({
    inputs: {
      x: { shape: [count, classes] },
      labels: { dtype: 'i32', shape: [count], below: classes },
    },
    attributes: {},
  }),
  calls(CROSS_ENTROPY),
  {
    exemption: {
      judged: 0.8,
      reason: 'a loss near 0 is the difference of two equal numbers',
    },
  },
);

const crossEntropyGrad = composite(
  CROSS_ENTROPY_GRAD,
  fc.record(classified),
  ({ rows: count, classes }) => ({
    inputs: {
      x: { shape: [count, classes] },
      labels: { dtype: 'i32', shape: [count], below: classes },
      dloss: { shape: [count], regime: 'normal' },
    },
    attributes: {},
  }),
  calls(CROSS_ENTROPY_GRAD),
);

const adamw = composite(
  ADAMW,
  fc.record({
    shape: shape(0, 2),
    decay: fc.constantFrom(0.05, 0),
    lrScale: fc.constantFrom(1, 0.75),
    beta1: fc.constantFrom(0.9, 0.75),
    beta2: fc.constantFrom(0.95, 0.999),
    eps: fc.constantFrom(1e-8, 1e-6, 1e-3),
    ...content,
  }),
  ({ shape: whole, decay, lrScale, beta1, beta2, eps: own }) => ({
    inputs: {
      p: { shape: whole, regime: 'normal' },
      m: { shape: whole },
      v: { shape: whole, domain: (x) => Math.fround(x * x) },
      g: { shape: whole },
      lr: { shape: [], regime: 'normal', domain: learningRate },
      c1: { shape: [], regime: 'normal', domain: correction },
      c2: { shape: [], regime: 'normal', domain: correction },
    },
    attributes: { beta1, beta2, eps: own, decay, lr_scale: lrScale },
  }),
  calls(ADAMW),
);

export const COMPOSITE_FAMILIES: readonly Family[] = [
  softmax,
  softmaxGrad,
  layerNorm,
  layerNormGrad,
  gelu,
  geluGrad,
  attention,
  attentionGrad,
  crossEntropy,
  crossEntropyGrad,
  adamw,
].flat();

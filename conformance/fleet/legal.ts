import type { Backend, BackendInfo } from '../../core/backend.js';
import {
  type Arithmetic,
  float32,
  InterpreterBackend,
  LIBRARY,
  type Meanings,
} from '../../reference/index.js';
import { BFLOAT16, CONTRACTS, type NumericContract } from '../../spec/contracts/index.js';
import {
  ADAMW,
  type AdamWAttributes,
  add,
  Composite,
  div,
  erf,
  exp,
  GELU,
  LAYER_NORM,
  maximum,
  mean,
  mul,
  SOFTMAX,
  sqrt,
  square,
  sub,
  sum,
  type Value,
} from '../../spec/program/index.js';
import { legalBackend } from '../steps/legal-spread.js';
import { contracting } from './contracting.js';
import { flushing } from './flushing.js';
import { meaningsWith } from './meanings.js';
import { regrouping } from './regrouping.js';
import { wideBackend, wideCallsBackend } from './wide.js';

/** A backend of a fleet, with what sets it apart. */
export interface FleetMember {
  readonly name: string;
  readonly open: () => Backend;
}

/** Backends that differ as their contract allows, most as `f32-ieee` does; none may ever fail. */
export const LEGAL_FLEET: readonly FleetMember[] = [
  member('sums in order', float32({ summation: 'sequential' })),
  member('sums in reverse', float32({ summation: 'reversed' })),
  member('sums in eight lanes', float32({ summation: 'blocked' })),
  member('sums in pairs', float32({ summation: 'pairwise' })),
  member('fused multiply-add', float32({ summation: 'sequential', fused: true })),
  member('library functions too high', withLibraryError(1)),
  member('library functions too low', withLibraryError(-1)),
  member('softmax by a reciprocal', float32({ summation: 'pairwise' }), softmaxByReciprocal()),
  member('exact sums', float32({ summation: 'exact' })),
  member('sums in 32 lanes', float32({ summation: 'lanes' })),
  member('fused, in pairs', float32({ summation: 'pairwise', fused: true })),
  member('layer norm by 1 / sqrt', float32({ summation: 'blocked' }), layerNormByDivision()),
  member('GELU from the other tail', float32({ summation: 'sequential' }), geluFromOtherTail()),
  member('AdamW with one division', float32({ summation: 'sequential' }), adamwRearranged()),
  {
    name: 'sums and products regrouped, as WGSL allows',
    open: () => float32Backend('regrouped', regrouping(), {}, 'f32-wgsl'),
  },
  {
    name: 'composites regrouped',
    open: () =>
      float32Backend(
        'composites regrouped',
        float32({ summation: 'pairwise' }),
        {},
        'f32-ieee',
        regrouping(),
      ),
  },
  member('products added unrounded', contracting()),
  {
    name: 'subnormals flushed everywhere',
    open: () => float32Backend('flushing', flushing(), {}, 'f32-flush'),
  },
  {
    name: 'factors of products rounded to bf16',
    open: () => float32Backend('bf16', bfloat16Products(), {}, 'bf16-products'),
  },
  ...([1, -1] as const).map(
    (side): FleetMember => ({
      name: `a common library, ${side === 1 ? 'too high' : 'too low'} by all of the grant`,
      open: () => commonLibrary(side),
    }),
  ),
  { name: 'programs in float64', open: () => wideBackend('programs in float64') },
  { name: 'composites in float64', open: () => wideCallsBackend('composites in float64') },
  ...[1, 2, 3].map(
    (draw): FleetMember => ({
      name: `drawn at random, ${draw}`,
      open: () => legalBackend(CONTRACTS['f32-ieee'], 1000 + draw),
    }),
  ),
];

/** A float32 backend that executes every composite itself. */
export function float32Backend(
  name: string,
  arithmetic: Arithmetic<Float32Array>,
  meanings: Meanings = {},
  contract: NumericContract = 'f32-ieee',
  bodies: Arithmetic<Float32Array> = arithmetic,
): InterpreterBackend<Float32Array> {
  const info: Pick<BackendInfo, 'name' | 'contract' | 'claims'> = { name, contract, claims: [] };
  return new InterpreterBackend(arithmetic, info, meanings, bodies);
}

function member(
  name: string,
  arithmetic: Arithmetic<Float32Array>,
  meanings: Meanings = {},
): FleetMember {
  return { name, open: () => float32Backend(name, arithmetic, meanings) };
}

function bfloat16Products(): Arithmetic<Float32Array> {
  return float32({ summation: 'pairwise', roundFactor: BFLOAT16.round });
}

/** Library functions wrong by most of what the contract grants, always to one side. */
function withLibraryError(side: 1 | -1): Arithmetic<Float32Array> {
  return {
    ...float32({ summation: 'sequential' }),
    library: (name, out, x, i) => {
      const value = LIBRARY[name].value(x[i] as number);
      const { ulps } = CONTRACTS['f32-ieee'].accuracy[name](0, 0);
      // The result is rounded once more, hence one unit less; a unit is at least 2^-24 of it.
      out[i] = ulps > 0.5 ? value * (1 + side * (ulps - 1) * 2 ** -24) : value;
    },
  };
}

/** Functions, and those within composites, as far off as `f32-libm` lets them be, to one side. */
function commonLibrary(side: 1 | -1): Backend {
  const { accuracy, accuracyWithin } = CONTRACTS['f32-libm'];
  const arithmetic = (grants: typeof accuracy): Arithmetic<Float32Array> => ({
    ...float32({ summation: 'pairwise' }),
    library: (name, out, x, i) => {
      const argument = x[i] as number;
      const value = LIBRARY[name].value(argument);
      const { ulps, absolute } = grants[name](argument, argument);
      out[i] = atEdge(value, Math.max(ulps * unitInLastPlace(value), absolute), side);
    },
  });
  const name = `common library ${side}`;
  return float32Backend(name, arithmetic(accuracy), {}, 'f32-libm', arithmetic(accuracyWithin));
}

/** The float32 number that lies as far from a value as it may, on one side, and has its sign. */
function atEdge(value: number, most: number, side: 1 | -1): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const edge = value + side * most;
  if (Math.sign(edge) !== Math.sign(value)) return 0;
  const rounded = Math.fround(edge);
  // Rounding may have left the grant by up to half a unit.
  return side * (rounded - edge) > 0
    ? Math.fround(edge - (side * unitInLastPlace(edge)) / 2)
    : rounded;
}

/** Of float32, below the least normal number that of the least subnormal one. */
function unitInLastPlace(x: number): number {
  const size = Math.max(Math.abs(x), 2 ** -126);
  const guess = Math.floor(Math.log2(size));
  return 2 ** ((2 ** guess > size ? guess - 1 : guess) - 23);
}

function softmaxByReciprocal(): Meanings {
  const { name, operands, attributes, results } = SOFTMAX;
  return meaningsWith(
    new Composite({
      name,
      operands,
      attributes,
      results,
      body: ([x]) => {
        const scores = x as Value;
        const shifted = exp(sub(scores, maximum(scores, [-1], { keep: true })));
        const total = sum(shifted, [-1], { keep: true });
        return [mul(shifted, div(1, total))];
      },
    }),
  );
}

function layerNormByDivision(): Meanings {
  const { name, operands, attributes, results } = LAYER_NORM;
  return meaningsWith(
    new Composite<{ readonly eps: number }>({
      name,
      operands,
      attributes,
      results,
      body: ([x, gamma, beta], { eps }) => {
        const input = x as Value;
        const center = mean(input, [-1], { keep: true });
        const centered = sub(input, center);
        const variance = mean(square(centered), [-1], { keep: true });
        const deviation = sqrt(add(variance, eps));
        const scaled = mul(div(centered, deviation), gamma as Value);
        return [add(scaled, beta as Value), center, div(1, deviation)];
      },
    }),
  );
}

/** x (1 + erf(x / sqrt 2)) / 2 with the half inside. */
function geluFromOtherTail(): Meanings {
  const { name, operands, attributes, results } = GELU;
  return meaningsWith(
    new Composite({
      name,
      operands,
      attributes,
      results,
      body: ([operand]) => {
        const x = operand as Value;
        const half = mul(erf(mul(x, Math.SQRT1_2)), 0.5);
        return [mul(x, add(half, 0.5))];
      },
    }),
  );
}

/** The step as lr m' / (c1 (sqrt(v') / sqrt(c2) + eps)), the decay taken off last. */
function adamwRearranged(): Meanings {
  const { name, operands, attributes, results } = ADAMW;
  return meaningsWith(
    new Composite<AdamWAttributes>({
      name,
      operands,
      attributes,
      results,
      body: (values, { beta1, beta2, eps, decay, lr_scale }) => {
        const [p, m, v, g, lr, c1, c2] = values as Value[] as [
          Value,
          Value,
          Value,
          Value,
          Value,
          Value,
          Value,
        ];
        const rate = mul(lr, lr_scale);
        const first = add(mul(m, beta1), mul(g, 1 - beta1));
        const second = add(mul(v, beta2), mul(square(g), 1 - beta2));
        const denominator = mul(c1, add(div(sqrt(second), sqrt(c2)), eps));
        const step = div(mul(rate, first), denominator);
        const shrunk = sub(p, mul(mul(rate, decay), p));
        return [sub(shrunk, step), first, second];
      },
    }),
  );
}

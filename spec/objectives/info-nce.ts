import { LacunaError } from '../errors.js';
import type { ModelBuilder } from '../model/state.js';
import {
  add,
  broadcast,
  cast,
  compare,
  constant,
  crossEntropy,
  div,
  exp,
  formatType,
  iota,
  matmul,
  mean,
  mul,
  reshape,
  sameShape,
  sub,
  sum,
  transpose,
  type Value,
} from '../program/index.js';

/** tau: a fixed number, or learned as log(1 / tau) from `initial` with 1 / tau at most `maximumScale`. */
export type Temperature =
  | { readonly kind: 'fixed'; readonly value: number }
  | {
      readonly kind: 'learned';
      /** @defaultValue 0.07 (CLIP) */
      readonly initial?: number;
      /** The clamp on 1 / tau after each update; 1 / tau is at least 1. @defaultValue 100 (CLIP) */
      readonly maximumScale?: number;
    };

/** How the losses of the two directions become one. */
export const DIRECTIONS = ['mean', 'sum'] as const;
export type Directions = (typeof DIRECTIONS)[number];

/** What clips of a batch with equal captions are to each other's captions. */
export const EQUAL_CAPTIONS = ['negatives', 'positives'] as const;
export type EqualCaptions = (typeof EQUAL_CAPTIONS)[number];

export interface InfoNceConfig {
  readonly temperature: Temperature;
  /** The mean of both directions (CLIP, TGM by default), or their sum (Frozen-in-Time, MAC). @defaultValue 'mean' */
  readonly directions?: Directions;
  /** `positives`: see `infoNceLoss`. @defaultValue 'negatives' (CLIP, Frozen-in-Time, MAC, TGM) */
  readonly equalCaptions?: EqualCaptions;
}

/**
 * InfoNCE over a batch, TGM equation (4), both ways: with S = text video^T / tau, the cross-entropy
 * of the rows and of the columns of S against the diagonal. Both are [B, D] with rows of length 1;
 * the positive is in the denominator; negatives are all others of the global batch.
 *
 * With `equalCaptions: 'positives'` the target of a row, and of a column, is not one pair but spread
 * evenly over all pairs with the same caption (SupCon, Khosla et al. 2020, equation (2), L_out; UniCL,
 * Yang et al. 2022, equations (2) to (4)): with E[i, j] = 1 where the captions i and j are equal and 0
 * elsewhere, and Q = E / (sum over j of E[i, j]), the loss of row i is -sum_j Q[i, j] log softmax(S[i, :])[j].
 * Q is symmetric, so that the columns have the same targets. Where all captions differ it is InfoNCE; and
 * so it is, in exact arithmetic, where equal captions are embedded alike: their rows are one row twice, and
 * the targets only change places. What it changes are captions whose words are masked differently (MAC).
 *
 * @param captions i32 [B], equal where captions are; needed for `positives` alone.
 */
export function infoNceLoss(
  text: Value,
  video: Value,
  scale: Value,
  config: InfoNceConfig,
  captions?: Value,
): Value {
  if (text.shape.length !== 2 || !sameShape(text.shape, video.shape)) {
    throw new LacunaError({
      where: 'InfoNCE',
      what: 'the embeddings do not pair up',
      got: `text ${formatType(text)}, video ${formatType(video)}`,
      expected: 'both [B, D]',
    });
  }
  const logits = mul(matmul(text, video, { transposeB: true }), scale);
  const labels = iota(logits.builder, [logits.shape[0] as number], 0);
  const rows = mean(crossEntropy(logits, labels));
  const columns = mean(crossEntropy(transpose(logits, [1, 0]), labels));
  const both = add(rows, columns);
  const more = correction(logits, config, captions);
  const total = more === undefined ? both : add(both, more);
  return config.directions === 'sum' ? total : mul(total, 0.5);
}

/**
 * What the targets Q add to the two cross-entropies against the diagonal: each is
 * -sum_j Q[i, j] log softmax(S[i, :])[j] = -log softmax(S[i, :])[i] + sum_j (I - Q)[i, j] S[i, j].
 */
function correction(
  logits: Value,
  { equalCaptions = 'negatives' }: InfoNceConfig,
  captions: Value | undefined,
): Value | undefined {
  if (equalCaptions === 'negatives') return undefined;
  const batch = logits.shape[0] as number;
  if (captions === undefined || !sameShape(captions.shape, [batch])) {
    throw new LacunaError({
      where: 'InfoNCE',
      what: 'positives by equal captions need the numbers of the captions',
      got: captions === undefined ? 'nothing' : formatType(captions),
      expected: `i32[${batch}]`,
    });
  }
  const square = [batch, batch];
  const indicator = (numbers: Value): Value => {
    const of = (axes: readonly number[]): Value => broadcast(reshape(numbers, axes), square);
    return cast(compare(of([batch, 1]), 'eq', of([1, batch])), logits.dtype);
  };
  const equal = indicator(captions);
  const own = indicator(iota(logits.builder, [batch], 0));
  const targets = div(equal, broadcast(sum(equal, [1], { keep: true }), square));
  return mul(sum(mul(sub(own, targets), logits)), 2 / batch);
}

/** 1 / tau as a scalar; a learned one is the parameter `temperature.log_scale` = log(1 / tau). */
export function temperatureScale(model: ModelBuilder, temperature: Temperature): Value {
  if (temperature.kind === 'fixed') {
    const one = constant(model.program, 1);
    return div(one, temperature.value);
  }
  const { initial = 0.07, maximumScale = 100 } = temperature;
  const logScale = model.parameter(
    'temperature.log_scale',
    [],
    { kind: 'constant', value: Math.log(1 / initial) },
    { clamp: { low: 0, high: Math.log(maximumScale) } },
  );
  return exp(logScale);
}

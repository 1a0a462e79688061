import { LacunaError } from '../errors.js';
import type { ModelBuilder } from '../model/state.js';
import {
  add,
  constant,
  crossEntropy,
  div,
  exp,
  formatType,
  iota,
  matmul,
  mean,
  mul,
  sameShape,
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

export interface InfoNceConfig {
  readonly temperature: Temperature;
  /** The mean of both directions (CLIP, TGM by default), or their sum (Frozen-in-Time, MAC). @defaultValue 'mean' */
  readonly directions?: Directions;
}

/**
 * InfoNCE over a batch, TGM equation (4), both ways: with S = text video^T / tau, the cross-entropy
 * of the rows and of the columns of S against the diagonal. Both are [B, D] with rows of length 1;
 * the positive is in the denominator; negatives are all others of the global batch.
 */
export function infoNceLoss(text: Value, video: Value, scale: Value, config: InfoNceConfig): Value {
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
  const total = add(rows, columns);
  return config.directions === 'sum' ? total : mul(total, 0.5);
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

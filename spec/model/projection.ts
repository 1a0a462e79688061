import { LacunaError } from '../errors.js';
import { l2Normalize, mean, reshape, slice, type Value } from '../program/index.js';
import { batchNormLayer, linearLayer, type Mode, relu } from './layers.js';
import type { ModelBuilder } from './state.js';

/**
 * The head between an encoder and the contrastive loss.
 * - `linear`: one linear layer (CLIP; Frozen-in-Time's video side).
 * - `relu-linear`: ReLU, then a linear layer (Frozen-in-Time's text side).
 * - `mlp`: linear, ReLU, linear.
 * - `mlp-bn`: linear without bias, batch norm over the global batch, ReLU, linear (TGM 3.4, SimCLR).
 * - `none`: the embedding as it is (a frozen teacher's).
 */
export const PROJECTION_KINDS = ['linear', 'relu-linear', 'mlp', 'mlp-bn', 'none'] as const;
export type ProjectionKind = (typeof PROJECTION_KINDS)[number];

export interface ProjectionConfig {
  readonly kind: ProjectionKind;
  /** Width of the shared space. */
  readonly width: number;
  /** Hidden width of the two-layer kinds. @defaultValue the input's width */
  readonly hidden?: number;
  /** Whether the last linear layer has a bias. @defaultValue true */
  readonly bias?: boolean;
}

/** Projects x [B, D] and normalises it: [B, width] of length 1. `name` scopes the parameters. */
export function projection(
  model: ModelBuilder,
  name: string,
  x: Value,
  config: ProjectionConfig,
  mode: Mode,
): Value {
  const { kind, width, hidden = x.shape[1] as number, bias = true } = config;
  if (kind === 'none' && x.shape[1] !== width) {
    throw new LacunaError({
      where: name,
      what: 'without a projection the embedding must have the width of the shared space',
      got: String(x.shape[1]),
      expected: String(width),
    });
  }
  if (kind === 'mlp-bn' && mode === 'train' && (x.shape[0] as number) < 2) {
    throw new LacunaError({
      where: name,
      what: 'batch norm needs at least two samples in a batch',
      got: String(x.shape[0]),
      fix: 'Raise the batch size, or choose the projection "mlp".',
    });
  }
  return model.scope(name, () => {
    let embedding = x;
    if (kind === 'relu-linear') embedding = relu(embedding);
    if (kind === 'mlp') embedding = relu(linearLayer(model, 'fc1', embedding, hidden));
    if (kind === 'mlp-bn') {
      // No bias before the norm: it would have no effect, and its exact gradient is zero.
      const first = linearLayer(model, 'fc1', embedding, hidden, { bias: false });
      embedding = relu(batchNormLayer(model, 'norm', first, mode));
    }
    if (kind !== 'none') embedding = linearLayer(model, 'fc2', embedding, width, { bias });
    return l2Normalize(embedding);
  });
}

/** Which tokens of a clip become its one embedding. */
export const POOLINGS = ['mean', 'class'] as const;
export type Pooling = (typeof POOLINGS)[number];

/** One embedding a clip: the mean over its tokens [B, K, D] (TGM), or the first, class token (MAC). */
export function pool(encoded: Value, kind: Pooling): Value {
  const [batch, , width] = encoded.shape as [number, number, number];
  return kind === 'mean' ? mean(encoded, [1]) : reshape(slice(encoded, 1, 0, 1), [batch, width]);
}

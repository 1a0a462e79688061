import { cast, compare, mul, reshape, slice, type Value } from '../program/index.js';

/**
 * The rate of each block: rate i / (depth - 1) for block i, from 0 to `rate`; 0 for a single block.
 * Source: VideoMAE modeling_finetune.py, `torch.linspace(0, drop_path_rate, depth)`.
 */
export function dropPathRates(rate: number, depth: number): readonly number[] {
  return Array.from({ length: depth }, (_, block) =>
    depth === 1 ? 0 : (rate * block) / (depth - 1),
  );
}

/**
 * x [B, ...] with rows left out at random: row b becomes 0 where u[b] < rate, and x[b] / (1 - rate)
 * elsewhere, so that its mean stays. `u` [B] are uniform numbers in [0, 1). Rate 0 changes nothing.
 *
 * Source: timm `drop_path`, whose floor(1 - rate + u) is 1 where u >= rate.
 */
export function dropRows(x: Value, u: Value, rate: number): Value {
  if (rate === 0) return x;
  const kept = mul(cast(compare(u, 'ge', rate), x.dtype), 1 / (1 - rate));
  return mul(x, reshape(kept, [x.shape[0] as number, ...x.shape.slice(1).map(() => 1)]));
}

/** Dropout: the same for single elements. `u` has the shape of x. */
export function dropElements(x: Value, u: Value, rate: number): Value {
  return rate === 0 ? x : mul(x, mul(cast(compare(u, 'ge', rate), x.dtype), 1 / (1 - rate)));
}

/**
 * Stochastic depth: what becomes of the two branches of each block before they are added. `u` f32
 * [B, 2 depth] are uniform numbers; branch 0 (attention) and 1 (MLP) of block i read column 2 i and 2 i + 1.
 */
export function dropPath(
  u: Value,
  rate: number,
  depth: number,
): (branch: Value, block: number, index: 0 | 1) => Value {
  const rates = dropPathRates(rate, depth);
  const batch = u.shape[0] as number;
  return (branch, block, index) => {
    const own = rates[block] ?? 0;
    if (own === 0) return branch;
    const column = 2 * block + index;
    return dropRows(branch, reshape(slice(u, 1, column, column + 1), [batch]), own);
  };
}

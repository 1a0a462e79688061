import { LacunaError } from '../errors.js';
import type { Value } from './builder.js';
import { elementCount, formatType, type Shape, sameShape } from './types.js';

/** x with its elements, in row-major order, in another shape; one extent may be -1: the rest. */
export function reshape(x: Value, shape: Shape): Value {
  const known = elementCount(shape.filter((extent) => extent !== -1));
  const resolved = shape.map((extent) =>
    extent === -1 ? elementCount(x.shape) / Math.max(known, 1) : extent,
  );
  return sameShape(x.shape, resolved)
    ? x
    : x.builder.primitive('reshape', [x], { shape: resolved });
}

/** Axis i of the result is axis permutation[i] of x. */
export function transpose(x: Value, permutation: readonly number[]): Value {
  return x.builder.primitive('transpose', [x], { permutation });
}

/** x stretched to `shape`: axes are aligned at the last one, extent 1 repeats. */
export function broadcast(x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : x.builder.primitive('broadcast', [x], { shape });
}

/** x[..., start:end, ...] on one axis. */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  return x.builder.primitive('slice', [x], {
    starts: x.shape.map((_, a) => (a === axis ? start : 0)),
    ends: x.shape.map((extent, a) => (a === axis ? end : extent)),
  });
}

/** x with `low` and `high` elements of `value` added before and after on each axis. */
export function pad(
  x: Value,
  low: readonly number[],
  high: readonly number[],
  value: number = 0,
): Value {
  return x.builder.primitive('pad', [x], { low, high, value });
}

/** The operands one after the other on `axis`. */
export function concat(operands: readonly Value[], axis: number): Value {
  const first = operands[0];
  if (first === undefined) throw new LacunaError({ where: 'concat', what: 'there is no operand' });
  return operands.length === 1 ? first : first.builder.primitive('concat', operands, { axis });
}

/**
 * Rows of x by index. The first `batch` axes are common; axis `batch` of x is indexed:
 * result[b, k, ...] = x[b, indices[b, k], ...]. With batch = 0 this is an embedding look-up.
 *
 * @remarks An index outside [0, extent) is undefined behaviour: indices come from the spec's masks.
 */
export function gather(x: Value, indices: Value, batch: number): Value {
  return x.builder.primitive('gather', [x, indices], { batch });
}

/**
 * The transpose of `gather`: zeros of extent `size` on axis `batch`, with updates[b, k, ...] added
 * at [b, indices[b, k], ...]. Equal indices add up.
 */
export function scatterAdd(indices: Value, updates: Value, batch: number, size: number): Value {
  return updates.builder.primitive('scatter_add', [indices, updates], { batch, size });
}

/** [B, T, H*d] to [B, H, T, d]: one matrix a head. */
export function splitHeads(x: Value, heads: number): Value {
  const [batch, tokens, width] = x.shape;
  if (batch === undefined || tokens === undefined || width === undefined || width % heads !== 0) {
    throw new LacunaError({
      where: x.name,
      what: `the width cannot be split into ${heads} heads`,
      got: formatType(x),
      expected: '[B, T, D] with D a multiple of the heads',
    });
  }
  return transpose(reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
}

/** [B, H, T, d] to [B, T, H*d]: the inverse of `splitHeads`. */
export function mergeHeads(x: Value): Value {
  const [batch, heads, tokens, size] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, tokens, heads * size]);
}

import { LacunaError } from '../errors.js';
import {
  attention,
  broadcast,
  concat,
  reshape,
  slice,
  transpose,
  type Value,
} from '../program/index.js';

/** How the tokens of divided attention lie: slot after slot, the same places in each. */
export interface SlotLayout {
  /** S, slots of the clip. */
  readonly slots: number;
  /** Whether a class token stands in front of them. */
  readonly classToken: boolean;
}

/** `time`: a token meets those of its place in all slots. `space`: those of its slot. */
export type DividedAxis = 'time' | 'space';

/**
 * Attention within groups: q, k, v [B, H, C + S K, d], with C = 1 class token in front or C = 0, to
 * the same shape. A token attends to the class token and to its own group, which is its place over
 * time (`time`, K groups of S) or its slot (`space`, S groups of K); the class token attends to all.
 *
 * Source: Frozen-in-Time video_transformer.py `VarAttention`; TimeSformer.
 * @throws LacunaError where the tokens are no multiple of the slots.
 */
export function dividedAttention(
  [q, k, v]: readonly [Value, Value, Value],
  axis: DividedAxis,
  { slots, classToken }: SlotLayout,
  scale: number,
): Value {
  const [batch, heads, tokens, size] = q.shape as [number, number, number, number];
  const first = classToken ? 1 : 0;
  const places = (tokens - first) / slots;
  if (!Number.isInteger(places) || places < 1) {
    throw new LacunaError({
      what: 'divided attention needs equally many visible tokens in each slot',
      got: `${tokens - first} tokens in ${slots} slots`,
      expected: 'a multiple of the slots, the same places in each: a mask of kind tube, or none',
    });
  }
  const groups = axis === 'time' ? places : slots;
  const members = axis === 'time' ? slots : places;
  // [B, H, S, K, d] to [B, groups, H, members, d], and back.
  const order = axis === 'time' ? [0, 3, 1, 2, 4] : [0, 2, 1, 3, 4];
  const inverse = axis === 'time' ? [0, 2, 3, 1, 4] : [0, 2, 1, 3, 4];
  const split = (x: Value): Value => {
    const own = classToken ? slice(x, 2, 1, tokens) : x;
    const parts = transpose(reshape(own, [batch, heads, slots, places, size]), order);
    return reshape(parts, [batch * groups, heads, members, size]);
  };
  /** The class token of a clip in front of each of its groups. */
  const withClass = (x: Value): Value => {
    if (!classToken) return split(x);
    const token = reshape(slice(x, 2, 0, 1), [batch, 1, heads, 1, size]);
    const repeated = broadcast(token, [batch, groups, heads, 1, size]);
    return concat([reshape(repeated, [batch * groups, heads, 1, size]), split(x)], 2);
  };
  const mixed = attention(split(q), withClass(k), withClass(v), { scale });
  const parts = reshape(mixed, [batch, groups, heads, members, size]);
  const restored = reshape(transpose(parts, inverse), [batch, heads, slots * places, size]);
  if (!classToken) return restored;
  return concat([attention(slice(q, 2, 0, 1), k, v, { scale }), restored], 2);
}

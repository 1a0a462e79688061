import type { HostData, HostTensor } from '../../core/backend.js';
import type { Bounds } from '../../reference/index.js';
import { LacunaError } from '../../spec/errors.js';
import { elementCount, type Shape } from '../../spec/program/index.js';

/** An axis of a large case, along which few different slices are repeated in a random order. */
export interface Axis {
  readonly extent: number;
  /** How many different slices there are, at most `extent`. @defaultValue `extent` */
  readonly kinds?: number;
  /**
   * Results depend on the whole axis, as on the inner one of a product: only the data are repeated.
   * @defaultValue false: a slice of the results follows from the same slice of the operands
   */
  readonly whole?: boolean;
}

/** For each axis which slice stands at each place; undefined where each place has its own. */
type Places = readonly (Int32Array | undefined)[];

/** How a small computation is stretched to a large one: which slice is repeated where. */
export class Stretching {
  readonly #axes: Readonly<Record<string, Axis>>;
  /** For each axis with repeated slices the kind at each place. */
  readonly #kindOf = new Map<string, Int32Array>();

  /** @param seed Of the order of slices. */
  constructor(axes: Readonly<Record<string, Axis>>, seed: number) {
    this.#axes = axes;
    Object.entries(axes).forEach(([axis, { extent, kinds = extent }], index) => {
      if (kinds < extent) this.#kindOf.set(axis, randomKinds(extent, kinds, seed + index));
    });
  }

  /** The extent of an axis in the large computation. */
  readonly full = (axis: string): number => this.#axis(axis).extent;

  /** The extent of an axis in the small one. */
  readonly reduced = (axis: string): number =>
    this.#axis(axis).whole === true ? this.full(axis) : this.kinds(axis);

  /** How many different slices an axis has. */
  readonly kinds = (axis: string): number =>
    Math.min(this.#axis(axis).kinds ?? Number.POSITIVE_INFINITY, this.full(axis));

  /** For each axis of a tensor the kind at each place. */
  kindsOf(axes: readonly string[]): Places {
    return axes.map((axis) => this.#kindOf.get(axis));
  }

  /** The same for a result: an axis on whose whole it depends is its own in the small computation. */
  freeKindsOf(axes: readonly string[]): Places {
    return axes.map((axis) =>
      this.#axis(axis).whole === true ? undefined : this.#kindOf.get(axis),
    );
  }

  /** For each axis of a tensor one place of each kind: from large to small. */
  firstOf(axes: readonly string[]): Places {
    return axes.map((axis) => {
      if (this.#axis(axis).whole === true || !this.#kindOf.has(axis)) return undefined;
      // The first places have each kind once.
      return Int32Array.from({ length: this.kinds(axis) }, (_, i) => i);
    });
  }

  #axis(name: string): Axis {
    const axis = this.#axes[name];
    if (axis === undefined) throw new LacunaError({ what: 'there is no axis', got: name });
    return axis;
  }
}

/** Each kind once, then random ones. */
function randomKinds(extent: number, kinds: number, seed: number): Int32Array {
  const list = new Int32Array(extent);
  for (let i = 0; i < extent; i++) list[i] = i < kinds ? i : mixed(i, seed) % kinds;
  return list;
}

/** A word that depends on all bits of both numbers (the finaliser of MurmurHash3). */
function mixed(i: number, seed: number): number {
  let word = Math.imul(i ^ Math.imul(seed + 1, 0x9e3779b1), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return (word ^ (word >>> 16)) >>> 0;
}

/** A tensor made of slices of another: along each axis those that its list names, or all. */
export function repeated(tensor: HostTensor, shape: Shape, places: Places): HostTensor {
  return { ...tensor, shape, data: picked(tensor.data, tensor.shape, shape, places) };
}

/** The same for the bounds of a tensor. */
export function repeatedBounds(allowed: Bounds, shape: Shape, places: Places): Bounds {
  const pick = <Data extends HostData>(data: Data): Data =>
    picked(data, allowed.shape, shape, places);
  if (!('value' in allowed)) {
    const { unsure, ...exact } = allowed;
    const marks = unsure === undefined ? {} : { unsure: pick(unsure) };
    return { ...exact, shape, data: pick(exact.data), ...marks };
  }
  const { value, low, high } = allowed;
  const least = pick(low);
  // Exact results have one list for all three.
  if (low === high) return { ...allowed, shape, value: least, low: least, high: least };
  return { ...allowed, shape, value: pick(value), low: least, high: pick(high) };
}

function picked<Data extends HostData>(
  data: Data,
  from: Shape,
  shape: Shape,
  places: Places,
): Data {
  if (places.every((list) => list === undefined)) return data;
  const Container = data.constructor as new (length: number) => Data;
  const out = new Container(elementCount(shape));
  const width = shape.at(-1) ?? 1;
  const last = places.at(-1);
  const index = shape.slice(0, -1).map(() => 0);
  for (let place = 0; place < out.length; ) {
    let base = 0;
    for (let axis = 0; axis < index.length; axis++) {
      const i = index[axis] as number;
      base = base * (from[axis] as number) + (places[axis]?.[i] ?? i);
    }
    base *= from.at(-1) ?? 1;
    if (last === undefined) out.set(data.subarray(base, base + width), place);
    else
      for (let i = 0; i < width; i++) out[place + i] = data[base + (last[i] as number)] as number;
    place += width;
    for (let axis = index.length - 1; axis >= 0; axis--) {
      index[axis] = ((index[axis] as number) + 1) % (shape[axis] as number);
      if (index[axis] !== 0) break;
    }
  }
  return out;
}

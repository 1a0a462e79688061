import type { HostTensor, Named } from '../../../core/backend.js';
import type { FunctionAttributes } from '../../../protocol/function-call.js';
import { integers } from '../../functions/exact.js';
import { first, grid, integersOf, maskedPlaces, split } from './integers.js';
import { at } from './scalars.js';

const G = [
  65280, 63272, 59439, 54119, 47760, 40851, 33867, 27213, 21193, 15998, 11704, 8299, 5704, 3800,
  2453, 1535, 931, 547, 312, 172, 92, 48, 24, 12, 6, 3, 1,
];
const g = (d: number): number => G[d < 0 ? -d - 1 : d] ?? 0;
const { floor } = Math;

/** Samples by row and column. */
type Samples = readonly (readonly number[])[];

export function flowWarped(
  { flow }: Named<HostTensor>,
  attributes: FunctionAttributes,
): Named<HostTensor> {
  const [S, R, C] = grid(attributes);
  const n = R * C;
  const m = maskedPlaces(n, attributes);
  if (m === 0) return split(S, n, () => false);
  const k = floor(Number(attributes.ratio) * n);
  const centres = [...first(n, n - k, integersOf(6n, attributes))];
  const samples = (of: (y: number, x: number) => number): Samples =>
    Array.from({ length: 8 * R }, (_, y) =>
      Array.from({ length: 8 * C }, (_unused, x) => of(y, x)),
    );
  const base = samples((y, x) =>
    Math.max(
      0,
      ...centres.map((place) =>
        floor((g(y - 8 * floor(place / C) - 4) * g(x - 8 * (place % C) - 4)) / 2 ** 16),
      ),
    ),
  );
  const T = flow?.shape[0] ?? 0;
  const b = floor(T / 2);
  const maps: Samples[] = [];
  maps[b] = base;
  const warped = (t: number, known: Samples): Samples =>
    samples((y, x) => {
      const block = 2 * ((t * 2 * R + floor(y / 4)) * 2 * C + floor(x / 4));
      const X = 32 * x + (flow?.data[block] ?? 0);
      const Y = 32 * y + (flow?.data[block + 1] ?? 0);
      if (X <= -32 || Y <= -32 || X >= 32 * 8 * C || Y >= 32 * 8 * R) return at(at(base, y), x);
      const [l, o] = [floor(X / 32), floor(Y / 32)];
      const [r, q] = [X - 32 * l, Y - 32 * o];
      const p = (row: number, column: number): number => known[row]?.[column] ?? 0;
      const above = (32 - r) * p(o, l) + r * p(o, l + 1);
      const below = (32 - r) * p(o + 1, l) + r * p(o + 1, l + 1);
      return floor(((32 - q) * above + q * below + 512) / 1024);
    });
  for (let t = b + 1; t < T; t++) maps[t] = warped(t, at(maps, t - 1));
  for (let t = b - 1; t >= 0; t--) maps[t] = warped(t, at(maps, t + 1));
  const masked = Array.from({ length: S }, (_, slot) => {
    const own = maps.slice((slot * T) / S, ((slot + 1) * T) / S);
    const sum = (place: number): number => {
      let total = 0;
      for (const map of own)
        for (let y = 0; y < 8; y++)
          for (let x = 0; x < 8; x++)
            total += at(at(map, 8 * floor(place / C) + y), 8 * (place % C) + x);
      return total;
    };
    const sums = Array.from({ length: n }, (_unused, place) => sum(place));
    const places = sums.map((_unused, place) => place);
    places.sort((a, c) => at(sums, a) - at(sums, c) || a - c);
    return new Set(places.slice(0, m));
  });
  return split(S, n, (slot, place) => at(masked, slot).has(place));
}

export function croppedMap(
  { map }: Named<HostTensor>,
  attributes: FunctionAttributes,
): Named<HostTensor> {
  const of = (name: string): bigint => BigInt(Number(attributes[name]));
  const [R = 0, C = 0] = map?.shape ?? [];
  const [rows, columns] = [Number(attributes.rows), Number(attributes.columns)];
  /** What cell c and place p share along an axis. */
  const shared = (
    c: number,
    p: number,
    [extent, cells, places, start, crop]: readonly [bigint, number, number, bigint, bigint],
  ): bigint => {
    const [P, N] = [BigInt(places), BigInt(cells)];
    const cell = [BigInt(c) * extent * P, BigInt(c + 1) * extent * P] as const;
    const from = (start * P + BigInt(p) * crop) * N;
    const to = (start * P + BigInt(p + 1) * crop) * N;
    const low = cell[0] > from ? cell[0] : from;
    const high = cell[1] < to ? cell[1] : to;
    return high > low ? high - low : 0n;
  };
  const across = [of('width'), C, columns, of('x'), of('crop_width')] as const;
  const down = [of('height'), R, rows, of('y'), of('crop_height')] as const;
  const a = of('crop_width') * BigInt(C) * of('crop_height') * BigInt(R);
  const placed: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let s = 0n;
      for (let y = 0; y < R; y++)
        for (let x = 0; x < C; x++)
          s += BigInt(map?.data[y * C + x] ?? 0) * shared(y, i, down) * shared(x, j, across);
      const numerator = 2n * s + a;
      const rest = ((numerator % (2n * a)) + 2n * a) % (2n * a);
      const target = i * columns + (attributes.flip === 'yes' ? columns - 1 - j : j);
      placed[target] = Number((numerator - rest) / (2n * a));
    }
  }
  return { map: integers(placed, [rows, columns]) };
}

export function rates(
  { steps }: Named<HostTensor>,
  attributes: FunctionAttributes,
): Named<HostTensor> {
  const of = (name: string): number => Number(attributes[name]);
  const [peak, minimum, W, T] = [of('peak'), of('minimum'), of('warmup_steps'), of('total_steps')];
  const rate = (s: number): number => {
    if (s < W) {
      if (attributes.warmup === 'mae') return (peak * s) / W;
      if (s === 0) return 0;
      return s === W - 1 ? peak : s * (peak / (W - 1));
    }
    if (attributes.decay === 'cosine') {
      return minimum + 0.5 * (peak - minimum) * (1 + Math.cos((Math.PI * (s - W)) / (T - W)));
    }
    let falling = peak;
    for (const share of [of('first'), of('second')]) {
      if (s >= floor(share * T + 0.5)) falling *= of('factor');
    }
    return Math.max(minimum, falling);
  };
  return { bits: bitsOf(Array.from(steps?.data ?? [], rate)) };
}

export function corrections(
  { updates }: Named<HostTensor>,
  { beta }: FunctionAttributes,
): Named<HostTensor> {
  const correction = (t: number): number => {
    let r = 1;
    let q = Number(beta);
    for (const bit of [...t.toString(2)].reverse()) {
      if (bit === '1') r *= q;
      q *= q;
    }
    return 1 - r;
  };
  return { bits: bitsOf(Array.from(updates?.data ?? [], correction)) };
}

function bitsOf(list: readonly number[]): HostTensor {
  return integers(new Int32Array(Float32Array.from(list).buffer));
}

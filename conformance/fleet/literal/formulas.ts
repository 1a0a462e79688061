import type { HostTensor } from '../../../core/backend.js';
import type { AdamWAttributes } from '../../../spec/program/index.js';
import { at, type Scalar, type Scalars } from './scalars.js';

type List = readonly Scalar[];

/** Cubes [N][P] of one clip, frames [T][H][H][3]: slot, row, column; then frame, row, column, channel. */
export function patchify(
  pixels: ArrayLike<number>,
  [T = 0, H = 0]: readonly number[],
  t: number,
  p: number,
): number[][] {
  const cubes: number[][] = [];
  for (let slot = 0; slot < T / t; slot++)
    for (let row = 0; row < H / p; row++)
      for (let column = 0; column < H / p; column++) {
        const cube: number[] = [];
        for (let frame = slot * t; frame < (slot + 1) * t; frame++)
          for (let y = row * p; y < (row + 1) * p; y++)
            for (let x = column * p; x < (column + 1) * p; x++)
              for (let channel = 0; channel < 3; channel++)
                cube.push(pixels[((frame * H + y) * H + x) * 3 + channel] as number);
        cubes.push(cube);
      }
  return cubes;
}

/** y = (x - mean) / (sqrt(var) + 1e-6) of each channel, x less its first value. */
export function targetCube(s: Scalars, cube: readonly number[]): Scalar[] {
  const y: Scalar[] = [];
  for (let channel = 0; channel < 3; channel++) {
    const x = cube
      .filter((_, i) => i % 3 === channel)
      .map((pixel) => s.div(s.of(pixel), s.of(255)));
    const shifted = x.map((each) => s.sub(each, at(x, 0)));
    const mean = s.mean(shifted);
    const centred = shifted.map((each) => s.sub(each, mean));
    const variance = s.div(s.dot(centred, centred), s.of(x.length - 1));
    const scale = s.add(s.sqrt(variance), s.of(1e-6));
    centred.forEach((each, i) => {
      y[3 * i + channel] = s.div(each, scale);
    });
  }
  return y;
}

/** The mean of (prediction - target)^2, and 2 (prediction - target) / count. */
export function mae(
  s: Scalars,
  prediction: List,
  target: List,
): { readonly loss: Scalar; readonly gradient: readonly Scalar[] } {
  const difference = prediction.map((x, i) => s.sub(x, at(target, i)));
  const count = s.of(difference.length);
  return {
    loss: s.div(s.dot(difference, difference), count),
    gradient: difference.map((x) => s.div(s.mul(s.of(2), x), count)),
  };
}

/** InfoNCE with S = scale t v^T; `captions` are numbers, equal where pairs are positives of each other. */
export function infonce(
  s: Scalars,
  text: readonly List[],
  video: readonly List[],
  scale: Scalar,
  directions: unknown,
  captions: readonly number[] = text.map((_, i) => i),
): Readonly<Record<'loss' | 'text' | 'video' | 'log_scale', readonly Scalar[]>> {
  const B = text.length;
  const length = (x: List): Scalar => {
    const square = s.dot(x, x);
    return s.sqrt(square.value > 1e-24 ? square : s.of(1e-24));
  };
  const unit = (x: List): List => x.map((each) => s.div(each, length(x)));
  const [t, v] = [text.map(unit), video.map(unit)];
  const same = captions.map((one) => captions.filter((other) => other === one).length);
  const Q = (i: number, j: number): number => (captions[i] === captions[j] ? 1 / at(same, i) : 0);
  const S = t.map((row) => v.map((column) => s.mul(scale, s.dot(row, column))));
  const columns = S.map((_, j) => S.map((row) => at(row, j)));
  const w = s.of(directions === 'mean' ? 1 / 2 : 1);
  const terms = (lists: readonly List[]): Scalar[] =>
    lists.map((list, i) => {
      const positives = list.flatMap((_, j) => (Q(i, j) > 0 ? [j] : []));
      return s.sum(positives.map((j) => s.mul(s.of(Q(i, j)), crossEntropy(s, list, j))));
    });
  const loss = s.mul(w, s.add(s.mean(terms(S)), s.mean(terms(columns))));
  const [byRow, byColumn] = [S.map((x) => softmax(s, x)), columns.map((x) => softmax(s, x))];
  const G = S.map((row, i) =>
    row.map((_, j) => {
      const both = s.add(at(at(byRow, i), j), at(at(byColumn, j), i));
      return s.mul(s.div(w, s.of(B)), s.sub(both, s.of(2 * Q(i, j))));
    }),
  );
  const GT = G.map((_, j) => G.map((row) => at(row, j)));
  const back = (x: List, rows: List, d: readonly Scalar[]): Scalar[] => {
    if (s.dot(x, x).value <= 1e-24) return d.map((each) => s.mul(each, s.of(1e12)));
    const along = s.dot(rows, d);
    return d.map((each, i) => s.div(s.sub(each, s.mul(at(rows, i), along)), length(x)));
  };
  const through = (g: readonly List[], other: readonly List[]): Scalar[][] =>
    g.map((row) =>
      at(other, 0).map((_, k) =>
        s.mul(
          scale,
          s.dot(
            row,
            other.map((each) => at(each, k)),
          ),
        ),
      ),
    );
  return {
    loss: [loss],
    text: through(G, v).flatMap((d, i) => back(at(text, i), at(t, i), d)),
    video: through(GT, t).flatMap((d, i) => back(at(video, i), at(v, i), d)),
    log_scale: [s.sum(G.flatMap((row, i) => row.map((g, j) => s.mul(g, at(at(S, i), j)))))],
  };
}

export function softmax(s: Scalars, x: List): Scalar[] {
  const top = s.largest(x);
  const powers = x.map((each) => s.exp(s.sub(each, top)));
  const total = s.sum(powers);
  return powers.map((each) => s.div(each, total));
}

/** -log softmax(x)[label], the maximum subtracted first. */
function crossEntropy(s: Scalars, x: List, label: number): Scalar {
  const top = s.largest(x);
  const shifted = x.map((each) => s.sub(each, top));
  return s.sub(s.log(s.sum(shifted.map((each) => s.exp(each)))), at(shifted, label));
}

/** p, m and v after an update, as docs/protocol.md writes it. */
export function adamw(
  s: Scalars,
  { p, m, v, g, lr, c1, c2 }: Readonly<Record<'p' | 'm' | 'v' | 'g' | 'lr' | 'c1' | 'c2', Scalar>>,
  { beta1, beta2, eps, decay, lr_scale }: AdamWAttributes,
): Readonly<Record<'p' | 'm' | 'v', Scalar>> {
  const r = s.mul(s.of(lr_scale), lr);
  const m1 = s.add(s.mul(s.of(beta1), m), s.mul(s.of(1 - beta1), g));
  const v1 = s.add(s.mul(s.of(beta2), v), s.mul(s.of(1 - beta2), s.mul(g, g)));
  const denominator = s.add(s.sqrt(s.div(v1, c2)), s.of(eps));
  const step = s.div(s.mul(r, s.div(m1, c1)), denominator);
  const shrunk = s.mul(p, s.sub(s.of(1), s.mul(r, s.of(decay))));
  return { p: s.sub(shrunk, step), m: m1, v: v1 };
}

/** The numbers of a tensor as scalars. */
export function scalars(s: Scalars, tensor: HostTensor | undefined): Scalar[] {
  return Array.from(tensor?.data ?? [], (x) => s.of(x));
}

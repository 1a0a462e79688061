import { elementCount, type Shape } from '../../spec/program/index.js';

/**
 * Weights, pixels, masks and ids of models too large to store: each number is a hash of where it
 * stands, so that another language makes the same without a file. All are powers of two times 16 bits,
 * exact in float32. `reference/oracle/makers/real_size/hashed.py` is the other language.
 */

/** The 32 bits of an element: of the name of its tensor and its index. */
export function hashWords(name: string, count: number): Uint32Array {
  const seed = hashName(name);
  const words = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    let x = Math.imul(i, 0x9e3779b1) ^ seed;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca77);
    x ^= x >>> 13;
    x = Math.imul(x ^ (x >>> 16), 0xc2b2ae3d);
    x ^= x >>> 13;
    words[i] = x ^ (x >>> 16);
  }
  return words;
}

/** FNV-1a of the characters of an ASCII name. */
function hashName(name: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) value = Math.imul(value ^ name.charCodeAt(i), 0x01000193);
  return value;
}

/** Multiples of 2^-15 in [-1, 1). */
export function hashedUniform(name: string, count: number): Float32Array {
  return Float32Array.from(hashWords(name, count), (word) => ((word >>> 16) - 32768) / 32768);
}

/**
 * A parameter where training starts. Matrices of layers: uniform within 2^-k, k the least with
 * 3 * 4^k >= inputs, so that a sum over the inputs keeps their size. Weights of norms: 1 +- 1/4.
 * Biases +- 1/8. Tables and tokens +- 1/2.
 */
export function hashedParameter(name: string, shape: Shape): Float32Array {
  const values = hashedUniform(name, elementCount(shape));
  if (!name.endsWith('.weight')) {
    const part = name.endsWith('.bias') ? 8 : 2;
    return values.map((value) => value / part);
  }
  if (shape.length === 1) return values.map((value) => 1 + value / 4);
  let k = 0;
  while (3 * 4 ** k < (shape.at(-1) ?? 1)) k++;
  return values.map((value) => value / 2 ** k);
}

/** Pixels u8 of clips. */
export function hashedPixels(count: number): Uint8Array {
  return Uint8Array.from(hashWords('frames', count), (word) => word >>> 24);
}

/** The `count` of `cells` cells whose words are lowest, ascending. */
export function hashedCells(name: string, cells: number, count: number): readonly number[] {
  const words = hashWords(name, cells);
  const order = Array.from(words.keys()).sort((a, b) => {
    const [first, second] = [words[a] as number, words[b] as number];
    return first === second ? a - b : first - second;
  });
  return order.slice(0, count).sort((a, b) => a - b);
}

/**
 * Positions of the sampled elements of a tensor, at most `most`: all of a small one, else one of each
 * of `most` equal stretches. Of a table of which a step reads only `rows`, every other sample lies in
 * one of those.
 */
export function sampledPositions(
  name: string,
  shape: Shape,
  rows: readonly number[] = [],
  most: number = 1000,
): Int32Array {
  const count = elementCount(shape);
  if (count <= most) return Int32Array.from({ length: count }, (_, i) => i);
  const width = shape.at(-1) as number;
  return Int32Array.from(hashWords(`${name}.sample`, most), (word, k) => {
    const row = rows[k % rows.length];
    if (row !== undefined && k % 2 === 0) return row * width + (word % width);
    const low = Math.floor((k * count) / most);
    return low + (word % (Math.floor(((k + 1) * count) / most) - low));
  });
}

import type { Probe } from '../../../core/measure/probes.js';
import {
  matmul,
  ProgramBuilder,
  reshape,
  type Shape,
  type Value,
} from '../../../spec/program/index.js';
import type { ProductSizes } from '../lowering/kernels/product-cut.js';

/** A product of the method, by itself. */
export interface LayerProduct {
  readonly name: string;
  readonly sizes: ProductSizes;
  readonly probe: Probe;
}

/** A layer of a step: the width of its tokens, and the clips whose tokens it takes. */
export interface LayerSize {
  readonly width: number;
  readonly clips: number;
}

/** The tiny step's encoder, ViT-S's and ViT-B's: each has some 16 times the products of the one before. */
export const LAYER_SIZES: readonly LayerSize[] = [
  { width: 192, clips: 2 },
  { width: 384, clips: 8 },
  { width: 768, clips: 32 },
];

/** Visible tokens of a clip: one in ten of 16 x 224 x 224. */
const TOKENS = 160;
const HEAD = 64;

interface Operands {
  readonly a: Shape;
  readonly b: Shape;
  readonly sides: { readonly transposeA?: true; readonly transposeB?: true };
}

/**
 * What a layer of a training step multiplies, R = clips x 160 tokens of the width D: x [R, D] by a hidden layer's
 * weight [4 D, D], the gradients of both, the same of a weight [D, D], whose gradient are few sums of many terms, and
 * the scores of heads of 64.
 */
export function layerProducts({ width, clips }: LayerSize): readonly LayerProduct[] {
  const rows = clips * TOKENS;
  const hidden = 4 * width;
  const heads = [clips, width / HEAD, TOKENS, HEAD];
  const transposeA = { transposeA: true } as const;
  const transposeB = { transposeB: true } as const;
  return [
    product('hidden layer', { a: [rows, width], b: [hidden, width], sides: transposeB }),
    product('gradient of its input', { a: [rows, hidden], b: [hidden, width], sides: {} }),
    product('gradient of its weight', { a: [rows, hidden], b: [rows, width], sides: transposeA }),
    product('projection', { a: [rows, width], b: [width, width], sides: transposeB }),
    product('gradient of its weight', { a: [rows, width], b: [rows, width], sides: transposeA }),
    product('scores of heads', { a: heads, b: heads, sides: transposeB }),
  ];
}

function product(name: string, { a, b, sides }: Operands): LayerProduct {
  const builder = new ProgramBuilder(name.replaceAll(' ', '-'));
  const c = matmul(
    builder.input('a', 'f32', a, 'data'),
    builder.input('b', 'f32', b, 'data'),
    sides,
  );
  const [m = 1, n = 1] = c.shape.slice(-2);
  const batches = c.shape.slice(0, -2).reduce((all, extent) => all * extent, 1);
  const terms = a.at(sides.transposeA === undefined ? -1 : -2) ?? 1;
  builder.output('c', flat(c, batches * m, n));
  const flops = 2 * batches * m * n * terms;
  const bytes = 4 * batches * (m * terms + terms * n + m * n);
  const probe = { program: builder.finish(), shape: [batches * m, n], flops, bytes } as const;
  return { name, sizes: { m, n, terms, batches }, probe };
}

function flat(c: Value, rows: number, columns: number): Value {
  return c.shape.length === 2 ? c : reshape(c, [rows, columns]);
}

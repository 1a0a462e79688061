import type { ProductShape } from '../../core/measure/probes.js';

/** Edges of square products. */
const EDGES = [256, 512, 1024, 2048, 4096];
/** Of a linear layer of ViT-S, and of attention: long and narrow, where a device reaches less. */
const LAYERS: readonly ProductShape[] = [
  [1568, 384, 1536],
  [1568, 1536, 384],
  [12_544, 64, 196],
];

/** The products that are measured, none of them with more work than a square one of `edge`; the least first. */
export function productShapes(edge: number): readonly ProductShape[] {
  const work = ([rows, inner, columns]: ProductShape): number => rows * inner * columns;
  return [...EDGES.map((each): ProductShape => [each, each, each]), ...LAYERS]
    .filter((shape) => work(shape) <= edge ** 3)
    .sort((a, b) => work(a) - work(b));
}

/** In 2^20 bytes. */
const COPIES = [1, 16, 64, 256];

/** The copies that go with products of `edge`: none is of more than edge / 8 MiB. */
export function copySizes(edge: number): readonly number[] {
  return COPIES.filter((megabytes) => megabytes <= edge / 8);
}

import type { KernelLimits } from '../kernel.js';
import type { KernelContext } from './context.js';
import { HELD } from './factors.js';
import { type ProductTiling, tileStride } from './tiling.js';

/** Terms that a part of a sum has at least. */
const PART_TERMS = 256;
const MAX_PARTS = 64;
/** Workgroups that read the same tile side by side find it in a cache: so much faster than memory. */
const SHARED_READS = 4;
/** What one more dispatch costs, in bytes that a device moves in the meantime. */
const DISPATCH_BYTES = 2 ** 23;

export interface ProductSizes {
  readonly m: number;
  readonly n: number;
  readonly terms: number;
  readonly batches: number;
}

/** How a batch of products is cut among workgroups. */
export interface ProductCut {
  readonly tiling: ProductTiling;
  /** Rows and columns of a workgroup. */
  readonly tile: readonly [number, number];
  /** Terms that go through workgroup memory at a time. */
  readonly depth: number;
  readonly stages: 1 | 2;
  /** Parts into which each sum is cut. */
  readonly parts: number;
}

/**
 * Of the cuts that keep the device busy, the one that moves the fewest bytes: large tiles read their
 * operands few times, and parts of sums are written and read once more. Where none does, the one with the
 * most workgroups.
 */
export function cutForLanes(
  sizes: ProductSizes,
  { tiling: { product }, limits, factors }: Pick<KernelContext, 'tiling' | 'limits' | 'factors'>,
): ProductCut {
  const whole = fitted(product, sizes.m, sizes.n);
  // Lanes that load by themselves have no tile to share.
  const tilings = whole.memory === 'workgroup' ? smaller(whole) : [whole];
  const cuts = tilings.map((tiling) => {
    const { lanes, registers } = tiling;
    const tile = [lanes[0] * registers[0], lanes[1] * registers[1]] as const;
    return inParts(sizes, tiling, tile, memoryWithin(tiling, tile, limits, HELD[factors].bytes));
  });
  const busy = cuts.filter((cut) => groups(sizes, cut) >= product.busyGroups);
  const [best] =
    busy.length > 0
      ? busy.sort((a, b) => bytes(sizes, a) - bytes(sizes, b))
      : cuts.sort(
          (a, b) => groups(sizes, b) - groups(sizes, a) || bytes(sizes, a) - bytes(sizes, b),
        );
  return best as ProductCut;
}

/** A tiling with as many parts of sums as keep the device busy, where they are long enough. */
export function inParts(
  sizes: ProductSizes,
  tiling: ProductTiling,
  tile: readonly [number, number],
  memory: HeldTiles,
): ProductCut {
  const alone = groups(sizes, { tile, parts: 1 });
  const wanted = Math.min(
    Math.ceil(tiling.busyGroups / alone),
    Math.floor(sizes.terms / PART_TERMS),
    MAX_PARTS,
  );
  return { tiling, tile, ...memory, parts: Math.max(1, wanted) };
}

function groups(
  { m, n, batches }: ProductSizes,
  { tile, parts }: Pick<ProductCut, 'tile' | 'parts'>,
): number {
  return Math.ceil(m / tile[0]) * Math.ceil(n / tile[1]) * batches * parts;
}

/** Bytes that fill all tiles, and that parts of sums take on their way. */
function bytes(sizes: ProductSizes, cut: ProductCut): number {
  const { m, n, terms, batches } = sizes;
  const { tile, parts } = cut;
  const tiles = 4 * (groups(sizes, cut) / parts) * (tile[0] + tile[1]) * terms;
  return tiles / SHARED_READS + (parts === 1 ? 0 : 8 * parts * m * n * batches + DISPATCH_BYTES);
}

/** Smaller tiles for matrices that would leave most of one empty. */
function fitted(tiling: ProductTiling, m: number, n: number): ProductTiling {
  const { lanes, registers } = tiling;
  const down = shrunk(lanes[0], registers[0], m);
  const across = shrunk(lanes[1], registers[1], n);
  return { ...tiling, lanes: [down[0], across[0]], registers: [down[1], across[1]] };
}

function shrunk(lanes: number, registers: number, extent: number): readonly [number, number] {
  let own = registers;
  while (own > 4 && extent <= (lanes * own) / 2) own /= 2;
  let count = lanes;
  while (count > 4 && (count / 2) * own >= extent) count /= 2;
  return [count, own];
}

/** The tiling, and those with fewer elements a lane: at least 4 down and across. */
function smaller(tiling: ProductTiling): readonly ProductTiling[] {
  const halves = (count: number): readonly number[] =>
    count >= 8 ? [count, ...halves(count / 2)] : [count];
  const [down, across] = tiling.registers;
  return halves(down).flatMap((rows) =>
    halves(across).map((columns) => ({ ...tiling, registers: [rows, columns] as const })),
  );
}

/** Terms of a tile, and the tiles that lie in workgroup memory at a time. */
export type HeldTiles = Pick<ProductTiling, 'depth' | 'stages'>;

/** Terms that each of two tiles has at least: for fewer, lanes would meet more often than with one tile. */
const STAGED_TERMS = 8;
/** Numbers of the next tile that a lane keeps in registers while it sums, at most, beside its sums. */
const ON_THEIR_WAY = 16;

/**
 * What fits workgroup memory: the terms that are wanted, or a half, a quarter ... of them; of two tiles, where each
 * then has enough and a lane can keep its share of the next one, else of one.
 */
export function memoryWithin(
  { lanes, depth, stages, memory }: Pick<ProductTiling, 'lanes' | 'depth' | 'stages' | 'memory'>,
  tile: readonly [number, number],
  { workgroupBytes }: Pick<KernelLimits, 'workgroupBytes'>,
  elementBytes: number,
): HeldTiles {
  if (memory === 'direct') return { depth, stages: 1 };
  const bytesOfTerm = elementBytes * (tileStride(tile[0]) + tileStride(tile[1]));
  const deepest = (least: number, fits: (own: number) => boolean): number => {
    let own = depth;
    while (own > least && !fits(own)) own /= 2;
    return own;
  };
  const fitsTwice = (own: number): boolean =>
    2 * own * bytesOfTerm <= workgroupBytes &&
    (own * (tile[0] + tile[1])) / (lanes[0] * lanes[1]) <= ON_THEIR_WAY;
  const staged = deepest(STAGED_TERMS, fitsTwice);
  return stages === 2 && staged >= STAGED_TERMS && fitsTwice(staged)
    ? { depth: staged, stages }
    : { depth: deepest(4, (own) => own * bytesOfTerm <= workgroupBytes), stages: 1 };
}

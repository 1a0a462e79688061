import type { KernelLimits } from '../lowering/kernel.js';
import { cutForLanes } from '../lowering/kernels/product-cut.js';
import type { ProductTiling, Tiling } from '../lowering/kernels/tiling.js';
import { busyCounts, productTilings } from './candidates.js';
import type { LayerProduct } from './layer-products.js';

/** A tiling and what the device reaches with it. */
export interface Timed {
  readonly tiling: ProductTiling;
  /** Over all products of a layer, in GFLOP/s: all FLOPs by the sum of the times. */
  readonly gflopsPerSecond: number;
}

/** How far a comparison is. */
export interface Compared extends Timed {
  /** What was measured so far: the first product alone, which tells who goes on, or all of a layer. */
  readonly of: 'the first product' | 'a layer';
}

export interface Comparison {
  readonly products: readonly [LayerProduct, ...LayerProduct[]];
  readonly inUse: Tiling;
  readonly limits: KernelLimits;
  /** Milliseconds of a product that is cut so. */
  readonly time: (product: LayerProduct, tiling: ProductTiling) => Promise<number>;
  readonly onProgress?: (compared: Compared) => void;
  /** Milliseconds after which nothing further is tried. @defaultValue 60,000 less what a product may take */
  readonly longest?: number;
  readonly now?: () => number;
}

/** So many times as long as the fastest takes to its first product, and a tiling is out. */
const OUT = 1.3;
/** Tilings that are measured on all of a layer, at most, and the one in use. */
const FINALISTS = 8;
const LONGEST = 50_000;

/**
 * Tilings that were measured on all products of a layer, the fastest first; the one in use is among them. Each way that
 * the device allows multiplies the first product, the fastest of those the others; the fastest of these, and the one in use,
 * are measured with other numbers of workgroups that keep the device busy, by which long sums are cut in parts. The
 * fastest of all is measured once more beside the one in use, and that counts. What is cut the same way is measured once.
 * After `longest` nothing further is tried, but those two always are.
 */
export async function compareTilings(comparison: Comparison): Promise<readonly Timed[]> {
  const { products, inUse, limits, onProgress = () => {} } = comparison;
  const { longest = LONGEST, now = () => performance.now() } = comparison;
  const end = now() + longest;
  const measured = new Map<string, number>();
  const timeOf = async (product: LayerProduct, tiling: ProductTiling): Promise<number> => {
    const context = { tiling: { ...inUse, product: tiling }, limits, factors: 'f32' } as const;
    const cut = cutForLanes(product.sizes, context);
    const alike = { ...cut, tiling: { ...cut.tiling, busyGroups: 0 } };
    const key = JSON.stringify([products.indexOf(product), alike]);
    const found = measured.get(key) ?? (await comparison.time(product, tiling));
    measured.set(key, found);
    return found;
  };
  const rate = async (
    of: Compared['of'],
    tiling: ProductTiling,
  ): Promise<Timed & { readonly milliseconds: number }> => {
    let [flops, milliseconds] = [0, 0];
    for (const product of of === 'a layer' ? products : [products[0]]) {
      flops += product.probe.flops;
      milliseconds += await timeOf(product, tiling);
    }
    const gflopsPerSecond = flops / milliseconds / 1e6;
    onProgress({ tiling, gflopsPerSecond, of });
    return { tiling, gflopsPerSecond, milliseconds };
  };
  const fastest = <T extends Timed>(timed: readonly T[]): readonly T[] =>
    [...timed].sort((a, b) => b.gflopsPerSecond - a.gflopsPerSecond);

  const first = [await rate('the first product', inUse.product)];
  for (const tiling of productTilings(inUse.product, limits).slice(1)) {
    if (now() > end) break;
    first.push(await rate('the first product', tiling));
  }
  const least = Math.min(...first.map(({ milliseconds }) => milliseconds));
  const next = fastest(first.filter(({ milliseconds }) => milliseconds <= OUT * least));
  const whole: Timed[] = [];
  for (const { tiling } of next.slice(0, FINALISTS)) {
    if (now() > end) break;
    if (tiling !== inUse.product) whole.push(await rate('a layer', tiling));
  }
  const { busyGroups } = inUse.product;
  const [ahead = { tiling: inUse.product }] = fastest(whole);
  for (const tiling of new Set([ahead.tiling, inUse.product])) {
    for (const count of busyCounts(busyGroups)) {
      if (now() > end) break;
      whole.push(await rate('a layer', { ...tiling, busyGroups: count }));
    }
  }
  // Of many, one is the fastest by luck: that one is measured once more, beside what is in use.
  const [best] = fastest(whole);
  measured.clear();
  const own = await rate('a layer', inUse.product);
  if (best === undefined) return [own];
  const again = await rate('a layer', best.tiling);
  const top = again.gflopsPerSecond > own.gflopsPerSecond ? again : own;
  const slower = whole.filter(
    (timed) => timed !== best && timed.gflopsPerSecond < top.gflopsPerSecond,
  );
  return [top, ...fastest([top === own ? again : own, ...slower])];
}

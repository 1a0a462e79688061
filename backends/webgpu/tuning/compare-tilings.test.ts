import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../lowering/kernel.js';
import { HARDWARE, type ProductTiling, SOFTWARE } from '../lowering/kernels/tiling.js';
import { lower } from '../lowering/lower.js';
import { productTilings, tilingText } from './candidates.js';
import { type Comparison, compareTilings, type Timed } from './compare-tilings.js';
import { LAYER_SIZES, type LayerProduct, layerProducts } from './layer-products.js';

const limits = { ...DEFAULT_LIMITS, invocations: 1024, workgroupBytes: 2 ** 15 };
const products = layerProducts({ width: 768, clips: 32 }) as Comparison['products'];
const inUse = HARDWARE;

/** A device that is told how long products take, in milliseconds, and remembers what it was asked. */
function device(takes: (product: LayerProduct, tiling: ProductTiling) => number): {
  readonly asked: string[];
  readonly compare: (options?: Partial<Comparison>) => Promise<readonly Timed[]>;
} {
  const asked: string[] = [];
  const time: Comparison['time'] = (product, tiling) => {
    asked.push(`${products.indexOf(product)} ${tilingText(tiling)}`);
    return Promise.resolve(takes(product, tiling));
  };
  const compare = (options = {}): Promise<readonly Timed[]> =>
    compareTilings({ products, inUse, limits, time, ...options });
  return { asked, compare };
}

/** Ways that multiply the first product in 0.5 and 0.6 ms, where the one in use takes 1. */
const [, narrow, even] = productTilings(inUse.product, limits) as ProductTiling[];

function isCut(tiling: ProductTiling, way: ProductTiling | undefined): boolean {
  return (
    way !== undefined &&
    tilingText({ ...tiling, busyGroups: 1 }) === tilingText({ ...way, busyGroups: 1 })
  );
}

describe('comparing tilings', () => {
  it('takes the fastest over a layer, not the fastest on its first product', async () => {
    const { compare } = device((product, tiling) => {
      if (isCut(tiling, narrow)) return product === products[0] ? 0.5 : 3;
      return isCut(tiling, even) ? 0.6 : 1;
    });
    const found = await compare();
    expect(isCut(found[0]?.tiling as ProductTiling, even)).toBe(true);
    const flops = products.reduce((sum, { probe }) => sum + probe.flops, 0);
    expect(found[0]?.gflopsPerSecond).toBeCloseTo(flops / 3.6 / 1e6, 6);
    expect(found.map(({ tiling }) => tilingText(tiling))).toContain(tilingText(inUse.product));
  });

  it('asks for more than the first product only of what is fast there, and of what is in use', async () => {
    const { asked, compare } = device((_, tiling) => (isCut(tiling, even) ? 0.6 : 1));
    await compare({ longest: Number.POSITIVE_INFINITY });
    const beyond = new Set(
      asked.filter((each) => !each.startsWith('0 ')).map((each) => each.slice(2)),
    );
    const tilings = [...beyond].filter((text) =>
      text.endsWith(`busy with ${inUse.product.busyGroups}`),
    );
    expect(tilings.sort()).toEqual(
      [tilingText(inUse.product), tilingText(even as ProductTiling)].sort(),
    );
  });

  it('measures what is cut the same way once, but for the last two', async () => {
    const { asked, compare } = device(() => 1);
    await compare();
    expect(asked.length - new Set(asked).size).toBeLessThanOrEqual(2 * products.length);
    // A product with thousands of tiles has none of its sums cut, however many workgroups are wanted.
    const first = asked.filter((each) => each.startsWith('0 ') && !each.endsWith('busy with 924'));
    expect(first.length).toBeLessThan(4);
  });

  it('finds the number of workgroups that keeps a device busy', async () => {
    const { compare } = device(({ sizes }, { busyGroups }) =>
      sizes.terms === 5120 && busyGroups === 2 * inUse.product.busyGroups ? 0.5 : 1,
    );
    const [best] = await compare();
    expect(best?.tiling).toEqual({ ...inUse.product, busyGroups: 1848 });
  });

  it('lets the fastest be so once more, beside what is in use', async () => {
    const seen = new Map<string, number>();
    const { compare } = device((product, tiling) => {
      const key = `${products.indexOf(product)} ${tilingText(tiling)}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
      // Fast by luck, the first time.
      return isCut(tiling, even) ? (seen.get(key) === 1 ? 0.6 : 2) : 1;
    });
    const found = await compare();
    expect(found[0]?.tiling).toEqual(inUse.product);
  });

  it('tries nothing further once its time is over, but always what is in use', async () => {
    let clock = 0;
    const { asked, compare } = device(() => {
      clock += 10_000;
      return 1;
    });
    const found = await compare({ longest: 75_000, now: () => clock });
    expect(found.map(({ tiling }) => tiling)).toEqual([inUse.product]);
    // Nine ways with the first product, and what is in use with all.
    expect(asked).toHaveLength(8 + products.length);
  });
});

describe('the products of a layer', () => {
  it.each(LAYER_SIZES)('are kernels of products alone: $width wide, $clips clips', (size) => {
    for (const tiling of [HARDWARE, SOFTWARE]) {
      for (const { probe } of layerProducts(size)) {
        const { kernels } = lower(probe.program, {
          ...{ limits, tiling, fuse: true, subgroups: true, factors: 'f32', matrixUnit: undefined },
          donate: {},
        });
        // The second adds up parts of sums.
        expect(kernels.length).toBeLessThanOrEqual(2);
        expect(kernels[0]?.work).toBeGreaterThan(0);
      }
    }
  });

  it('grow by some 16 times from size to size', () => {
    const flops = LAYER_SIZES.map((size) => layerProducts(size)[0]?.probe.flops ?? 0);
    expect(flops).toEqual([94_371_840, 1_509_949_440, 24_159_191_040]);
  });
});

import { steadyTime } from '../../../core/measure/steady-time.js';
import { LacunaError } from '../../../spec/errors.js';
import { WebgpuBackend } from '../backend.js';
import type { Runtime } from '../device/runtime.js';
import type { Tiling } from '../lowering/kernels/tiling.js';
import { type Compared, compareTilings, type Timed } from './compare-tilings.js';
import { LAYER_SIZES, type LayerProduct, layerProducts } from './layer-products.js';

/** The first product of the next larger layer may take so many milliseconds, or it is not taken. */
const MILLISECONDS = 50;
/** Of a layer size to the next: so many times the multiplications. */
const GROWTH = 16;
/** A try takes so many milliseconds at least, the shortest of two counts. */
const TRY = { least: 20, tries: 2, longest: 500 } as const;

/**
 * Measures the ways to cut products that the device allows on the products of a transformer layer's step, the largest of
 * `LAYER_SIZES` whose first product it makes in about a twentieth of a second, within about a minute: see `compareTilings`.
 *
 * @throws LacunaError where matrix units multiply.
 */
export async function searchTilings(
  runtime: Runtime,
  version: string,
  inUse: Tiling,
  onProgress: (compared: Compared) => void = () => {},
): Promise<readonly Timed[]> {
  if (runtime.matrixUnit !== undefined) {
    throw new LacunaError({
      where: 'webgpu',
      what: 'the tilings that are measured are of products by lanes, and here matrix units multiply',
      got: `products ${runtime.productsInWords}`,
      fix: 'Units have one tiling. What lanes reach in their place: --device gpu-lanes.',
    });
  }
  const time = (product: LayerProduct, tiling: Tiling['product']): Promise<number> => {
    const backend = new WebgpuBackend(runtime, version, { tiling: { ...inUse, product: tiling } });
    return steadyTime(backend, product.probe, TRY);
  };
  const layers = LAYER_SIZES.map(layerProducts) as [LayerProduct, ...LayerProduct[]][];
  let [products] = layers as [(typeof layers)[number]];
  for (const larger of layers.slice(1)) {
    if (GROWTH * (await time(products[0], inUse.product)) > MILLISECONDS) break;
    products = larger;
  }
  const { limits } = runtime;
  return compareTilings({ products, inUse, limits, time, onProgress });
}

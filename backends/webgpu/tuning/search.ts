import type { HostTensor } from '../../../core/backend.js';
import { LacunaError } from '../../../spec/errors.js';
import { matmul, type Program, ProgramBuilder, slice } from '../../../spec/program/index.js';
import { WebgpuBackend } from '../backend.js';
import type { Runtime } from '../device/runtime.js';
import type { ProductTiling, Tiling } from '../lowering/kernels/tiling.js';
import { productTilings } from './candidates.js';

/** A tiling and what the device reaches with it. */
export interface Timed {
  readonly tiling: ProductTiling;
  /** The geometric mean over the three products of a linear layer, in GFLOP/s. */
  readonly gflopsPerSecond: number;
}

/** A product shall take this long, so that what is around it does not count. */
const MILLISECONDS = 50;
const SMALLEST = 128;
const LARGEST = 4096;
const RUNS = 5;

/** The three products of a linear layer: forward, and the gradients of its input and its weights. */
const SIDES = [{}, { transposeB: true }, { transposeA: true }] as const;

/**
 * Measures every way to cut products that the device allows, on products of the size that takes it
 * a twentieth of a second, and gives them all, the fastest first.
 *
 * @throws LacunaError where matrix units multiply.
 */
export async function searchTilings(
  runtime: Runtime,
  version: string,
  inUse: Tiling,
  onProgress: (timed: Timed, done: number, all: number) => void = () => {},
): Promise<readonly Timed[]> {
  if (runtime.matrixUnit !== undefined) {
    throw new LacunaError({
      where: 'webgpu',
      what: 'the tilings that are measured are of products by lanes, and here matrix units multiply',
      got: `products ${runtime.productsInWords}`,
      fix: 'There is nothing to measure: units have one tiling.',
    });
  }
  let edge = SMALLEST;
  while (edge < LARGEST && (await milliseconds(runtime, version, inUse, edge, {})) < MILLISECONDS) {
    edge *= 2;
  }
  const candidates = productTilings(inUse.product, runtime.limits);
  const found: Timed[] = [];
  for (const product of candidates) {
    let logs = 0;
    for (const sides of SIDES) {
      const time = await milliseconds(runtime, version, { ...inUse, product }, edge, sides);
      logs += Math.log((2 * edge ** 3) / time / 1e6);
    }
    const timed = { tiling: product, gflopsPerSecond: Math.exp(logs / SIDES.length) };
    found.push(timed);
    onProgress(timed, found.length, candidates.length);
  }
  return found.sort((a, b) => b.gflopsPerSecond - a.gflopsPerSecond);
}

/** The shortest of a few runs of a square product. */
async function milliseconds(
  runtime: Runtime,
  version: string,
  tiling: Tiling,
  edge: number,
  sides: (typeof SIDES)[number],
): Promise<number> {
  const backend = new WebgpuBackend(runtime, version, { tiling });
  const executable = await backend.compile(product(edge, sides));
  const data = Float32Array.from({ length: edge * edge }, (_, i) => ((i * 7919) % 101) / 101 - 0.5);
  const operand: HostTensor = { dtype: 'f32', shape: [edge, edge], data };
  const inputs = { a: await backend.upload(operand), b: await backend.upload(operand) };
  let best = Number.POSITIVE_INFINITY;
  // The first run takes memory; the corner is read, so that the device has done the whole.
  for (let run = 0; run <= RUNS; run++) {
    const start = performance.now();
    const { c, corner } = await executable.run(inputs);
    if (c === undefined || corner === undefined) throw new Error('a result is missing');
    await backend.download(corner);
    if (run > 0) best = Math.min(best, performance.now() - start);
    for (const tensor of [c, corner]) backend.release(tensor);
  }
  for (const tensor of Object.values(inputs)) backend.release(tensor);
  await executable.dispose();
  return best;
}

function product(edge: number, sides: (typeof SIDES)[number]): Program {
  const builder = new ProgramBuilder('product');
  const [a, b] = [
    builder.input('a', 'f32', [edge, edge], 'data'),
    builder.input('b', 'f32', [edge, edge], 'data'),
  ];
  const c = matmul(a, b, sides);
  builder.output('c', c);
  builder.output('corner', slice(slice(c, 0, edge - 1, edge), 1, edge - 1, edge));
  return builder.finish();
}

import type { KernelLimits } from '../lowering/kernel.js';
import { HELD } from '../lowering/kernels/factors.js';
import { memoryWithin } from '../lowering/kernels/product-cut.js';
import type { ProductTiling } from '../lowering/kernels/tiling.js';

const LANES: Readonly<Record<ProductTiling['memory'], ProductTiling['lanes'][]>> = {
  workgroup: [
    [8, 8],
    [16, 8],
    [8, 16],
    [16, 16],
  ],
  direct: [
    [1, 4],
    [2, 4],
  ],
};
const REGISTERS: Readonly<Record<ProductTiling['memory'], ProductTiling['registers'][]>> = {
  workgroup: [
    [4, 4],
    [8, 4],
    [4, 8],
    [8, 8],
    [16, 8],
    [8, 16],
  ],
  direct: [
    [8, 8],
    [16, 4],
    [16, 8],
    [8, 16],
  ],
};
const DEPTHS: Readonly<Record<ProductTiling['memory'], number[]>> = {
  workgroup: [8, 16, 32],
  direct: [16],
};
const STAGES: Readonly<Record<ProductTiling['memory'], ProductTiling['stages'][]>> = {
  workgroup: [1, 2],
  direct: [1],
};

type TilingLimits = Pick<KernelLimits, 'invocations' | 'workgroupBytes'>;

/** Whether a device can run kernels with this tiling as it is: where memory is small, fewer terms go through it. */
export function isAllowed(tiling: ProductTiling, limits: TilingLimits): boolean {
  const { lanes, memory } = tiling;
  // The lanes of a quad share their rows: see `sumDirectly`.
  if (memory === 'direct' && lanes[1] < 4) return false;
  const isWhole = tilingText(withinLimits(tiling, limits)) === tilingText(tiling);
  return lanes[0] * lanes[1] <= limits.invocations && isWhole;
}

/** What a large product has of a tiling. */
function withinLimits(tiling: ProductTiling, limits: TilingLimits): ProductTiling {
  const { lanes, registers } = tiling;
  const tile = [lanes[0] * registers[0], lanes[1] * registers[1]] as const;
  return { ...tiling, ...memoryWithin(tiling, tile, limits, HELD.f32.bytes) };
}

/** Ways to cut products that a device allows, the one in use first; none that is the same there for a large product. */
export function productTilings(
  inUse: ProductTiling,
  limits: TilingLimits,
): readonly ProductTiling[] {
  const { memory } = inUse;
  const found: ProductTiling[] = [inUse];
  const large = tilingText(withinLimits(inUse, limits));
  for (const lanes of LANES[memory]) {
    for (const registers of REGISTERS[memory]) {
      for (const depth of DEPTHS[memory]) {
        for (const stages of STAGES[memory]) {
          const tiling = { ...inUse, lanes, registers, depth, stages };
          const isNew = tilingText(tiling) !== large;
          if (isNew && isAllowed(tiling, limits)) found.push(tiling);
        }
      }
    }
  }
  return found;
}

/** Other numbers of workgroups that may be what keeps the device busy: a quarter, a half, twice and four times as many. */
export function busyCounts(inUse: number): readonly number[] {
  return [inUse / 4, inUse / 2, 2 * inUse, 4 * inUse].filter(
    (count) => Number.isInteger(count) && count <= MOST_BUSY,
  );
}

/** More workgroups than any device keeps at work. */
export const MOST_BUSY = 65_536;

/** A tiling in a few characters: `16x16 lanes of 8x8, 8 deep, 2 stages, busy with 924`; of one stage nothing is said. */
export function tilingText({ lanes, registers, depth, stages, busyGroups }: ProductTiling): string {
  const staged = stages === 1 ? '' : `, ${stages} stages`;
  return `${lanes.join('x')} lanes of ${registers.join('x')}, ${depth} deep${staged}, busy with ${busyGroups}`;
}

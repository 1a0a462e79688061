import { LacunaError } from '../errors.js';
import { type DrawAddress, RandomStream } from '../random/stream.js';
import { type Grid, placesPerSlot, requireGrid, tokenCount } from './grid.js';
import type { MapName, MaskKind, MaskMap, Ties } from './kind.js';
import { MASK_KINDS, type MaskKindName } from './kinds.js';
import { type Mask, maskOfFlags } from './mask.js';
import { maskedCount, type Rounding } from './rounding.js';

/** Which mask; what is left out is the kind's default. */
export interface MaskConfig {
  readonly kind: MaskKindName;
  /** The share of masked tokens, in [0, 1). */
  readonly ratio?: number;
  readonly rounding?: Rounding;
  /** Which of equal values are masked; guided by similarity or motion only. */
  readonly ties?: Ties;
}

/** A mask's address without its stream, which is always `videoMask`. */
export type MaskAddress = Omit<DrawAddress, 'stream'>;

/** The configuration with its defaults filled in: what a run's manifest records. */
export function completeMaskConfig(config: MaskConfig): Required<MaskConfig> {
  const { kind, ...own } = config;
  const { rounding, ratio, ties = 'first' } = requireKind(kind);
  return {
    kind,
    ratio: own.ratio ?? ratio,
    rounding: own.rounding ?? rounding,
    ties: own.ties ?? ties,
  };
}

/** The numbers of visible and masked tokens of a clip: equal for all clips, so that batches are rectangular. */
export function maskCounts(
  config: MaskConfig,
  grid: Grid,
): { readonly visible: number; readonly masked: number } {
  requireGrid(grid);
  const masked =
    maskedPerUnit(config, grid) * (requireKind(config.kind).per === 'slot' ? grid.slots : 1);
  return { visible: tokenCount(grid) - masked, masked };
}

/**
 * The mask of one clip: a function of the configuration, the grid, the address (seed, epoch, sample,
 * replicate) and, for a guided kind, the stored map. It depends on no worker, batch or resume point.
 *
 * @param map Of the augmented (cropped, flipped) clip, shaped as `MapName` says; guided kinds only.
 * @throws LacunaError if the ratio is outside [0, 1), no token would stay visible, or the map is
 * missing, superfluous, of the wrong type or of the wrong size.
 */
export function drawMask(
  config: MaskConfig,
  grid: Grid,
  address: MaskAddress,
  map?: MaskMap,
): Mask {
  requireGrid(grid);
  const kind = requireKind(config.kind);
  const count = maskedPerUnit(config, grid);
  const { ratio, ties } = completeMaskConfig(config);
  const stream = new RandomStream({ ...address, stream: 'videoMask' });
  const own = requireMap(config, grid, map);
  return maskOfFlags(kind.draw({ grid, count, ratio, stream, map: own, ties }));
}

/** Masked tokens of a slot or of the clip, as the kind counts. */
function maskedPerUnit(config: MaskConfig, grid: Grid): number {
  const { ratio, rounding } = completeMaskConfig(config);
  const tokens = requireKind(config.kind).per === 'slot' ? placesPerSlot(grid) : tokenCount(grid);
  const masked = maskedCount(rounding, tokens, ratio);
  if (masked < tokens) return masked;
  throw new LacunaError({
    what: 'the mask leaves no token visible',
    where: `${config.kind} mask of ${grid.slots} x ${grid.rows} x ${grid.columns} tokens`,
    got: `ratio ${ratio} with rounding '${rounding}'`,
    expected: `fewer than ${tokens} masked of ${tokens}`,
    fix: 'Lower the ratio or use more tokens.',
  });
}

function requireKind(name: string): MaskKind {
  if (Object.hasOwn(MASK_KINDS, name)) return MASK_KINDS[name as MaskKindName];
  throw new LacunaError({
    what: 'there is no such mask kind',
    got: `'${name}'`,
    expected: `one of ${Object.keys(MASK_KINDS).join(', ')}`,
  });
}

function requireMap(config: MaskConfig, grid: Grid, map: MaskMap | undefined): MaskMap {
  const name = requireKind(config.kind).map;
  const where = `${config.kind} mask`;
  if (name === undefined) {
    if (map === undefined) return new Int16Array(0);
    throw new LacunaError({ what: 'this mask takes no map', where, got: `${map.length} values` });
  }
  if (map === undefined) {
    throw new LacunaError({
      what: `the ${name} map is missing`,
      where,
      fix: `Give the clip's stored ${name} map, or choose a mask that needs none.`,
    });
  }
  const tokens = tokenCount(grid);
  const form = MAP_FORMS[name];
  if (form.fits(map) && form.counts(map.length / tokens)) return map;
  throw new LacunaError({
    what: `the ${name} map does not fit the token grid`,
    where,
    got: `${map.length} values in ${map.constructor.name}`,
    expected: `${grid.slots} x ${grid.rows} x ${grid.columns} = ${tokens} ${form.values}`,
  });
}

/** The values of a flow for one frame of a token: 2 x 2 blocks of 2 coordinates. */
const FLOW_VALUES = 8;
const MAX_FRAMES_A_SLOT = 256;

/** The type of each map, and how many values it may have for a token. */
const MAP_FORMS: Readonly<
  Record<
    MapName,
    {
      readonly fits: (map: MaskMap) => boolean;
      readonly counts: (valuesPerToken: number) => boolean;
      readonly values: string;
    }
  >
> = {
  similarity: {
    fits: (map) => map instanceof Int16Array,
    counts: (values) => values === 1,
    values: 'values of int16',
  },
  motion: {
    fits: (map) => map instanceof Uint16Array || map instanceof Int32Array,
    counts: (values) => values === 1,
    values: 'values of uint16 or int32',
  },
  flow: {
    fits: (map) => map instanceof Int16Array,
    counts: (values) =>
      values > 0 && values % FLOW_VALUES === 0 && values <= FLOW_VALUES * MAX_FRAMES_A_SLOT,
    values: 'times 8 values of int16 for each frame of a slot, of which there are 1 to 256',
  },
};

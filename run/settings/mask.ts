import { z } from 'zod';
import { completeMaskConfig, type MaskConfig } from '../../spec/masking/draw-mask.js';
import { TIES } from '../../spec/masking/kind.js';
import { MASK_KIND_NAMES, MASK_KINDS } from '../../spec/masking/kinds.js';
import { FRAME_AGGREGATIONS, type FrameAggregation } from '../../spec/masking/similarity-map.js';
import {
  completeTextMaskConfig,
  TEXT_MASK_MODES,
  TEXT_MASK_UNITS,
  type TextMaskConfig,
} from '../../spec/masking/text-mask.js';
import type { Preset } from '../../spec/model/presets.js';
import { MOTION_SCHEMA, type MotionConfig, resolveMotion } from './motion.js';
import { type Overrides, ratio, refuse, rounding } from './section.js';

/** The video mask of a run. */
export interface RunMaskConfig extends Required<MaskConfig> {
  /** How the similarity maps of a tubelet's frames become its slot's. @defaultValue 'mean' */
  readonly frames?: FrameAggregation;
  /** How motion is measured; there for the masks that it guides. */
  readonly motion?: MotionConfig;
}

export const MASK_SCHEMA: z.ZodType<Overrides<RunMaskConfig>> = z.strictObject({
  kind: z.enum(MASK_KIND_NAMES).exactOptional(),
  ratio: ratio.exactOptional(),
  rounding: rounding.exactOptional(),
  motion: MOTION_SCHEMA.exactOptional(),
  frames: z.enum(FRAME_AGGREGATIONS).exactOptional(),
  ties: z.enum(TIES).exactOptional(),
});

export const TEXT_MASK_SCHEMA: z.ZodType<Overrides<TextMaskConfig>> = z.strictObject({
  mode: z.enum(TEXT_MASK_MODES).exactOptional(),
  unit: z.enum(TEXT_MASK_UNITS).exactOptional(),
  ratio: ratio.exactOptional(),
  rounding: rounding.exactOptional(),
});

/** @throws LacunaError for choices that the mask has no use for. */
export function resolveMask(
  own: Overrides<RunMaskConfig> | undefined = {},
  { mask: usual }: Preset,
): RunMaskConfig {
  const { kind = usual.kind, frames = 'mean', motion: measured, ...rest } = own;
  // A mask of another kind than the preset's starts from that kind's own ratio and rounding.
  const mask = completeMaskConfig({ ...(kind === usual.kind ? usual : {}), ...rest, kind });
  const { map } = MASK_KINDS[kind];
  const motion = resolveMotion(measured, kind);
  refuse(
    mask.ties === 'random' && map !== 'similarity' && map !== 'motion',
    'mask.ties',
    '"random"',
    {
      what: `the mask ${kind} compares no values, so there are no ties`,
      fix: 'Leave mask.ties out.',
    },
  );
  return {
    ...mask,
    ...(map === 'similarity' ? { frames } : {}),
    ...(motion === undefined ? {} : { motion }),
  };
}

/** Nothing is masked in what a teacher has embedded, unless asked for: the settings refuse that. */
export function resolveTextMask(
  own: Overrides<TextMaskConfig> | undefined,
  { textMask: usual }: Preset,
  teacher: string | undefined,
): Required<TextMaskConfig> {
  return completeTextMaskConfig({
    ...usual,
    ...(teacher === undefined ? {} : { ratio: 0 }),
    ...own,
  });
}

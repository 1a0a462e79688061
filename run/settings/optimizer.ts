import { z } from 'zod';
import type { Preset } from '../../spec/model/presets.js';
import type { AdamWConfig } from '../../spec/optim/adamw.js';
import { activeLossScaling, type LossScaling } from '../../spec/optim/loss-scaling.js';
import type { BackendConfig } from './backend.js';
import { epsilon, type Overrides, rate, ratio } from './section.js';

export const OPTIMIZER_SCHEMA: z.ZodType<Overrides<AdamWConfig>> = z.strictObject({
  beta1: ratio.exactOptional(),
  beta2: ratio.exactOptional(),
  eps: epsilon.exactOptional(),
  weightDecay: rate.exactOptional(),
});

// Which numbers these may be, `activeLossScaling` says.
export const LOSS_SCALING_SCHEMA: z.ZodType<LossScaling> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('fixed'), scale: z.number() }),
  z.strictObject({
    kind: z.literal('dynamic'),
    initial: z.number().exactOptional(),
    growthInterval: z.number().exactOptional(),
    minimum: z.number().exactOptional(),
    maximum: z.number().exactOptional(),
  }),
]);

export function resolveOptimizer(
  own: Overrides<AdamWConfig> | undefined,
  { optimizer }: Preset,
): Required<AdamWConfig> {
  return { ...optimizer, ...own };
}

/**
 * Products of f16 lose small gradients: in mixed precision the loss is scaled unless told otherwise.
 * @throws LacunaError for a scale that is no power of two, or bounds that do not fit.
 */
export function resolveLossScaling(
  own: LossScaling | undefined,
  { precision }: BackendConfig,
): LossScaling {
  const usual = { kind: precision === 'mixed' ? 'dynamic' : 'none' } as const;
  return activeLossScaling(own ?? usual) ?? { kind: 'none' };
}

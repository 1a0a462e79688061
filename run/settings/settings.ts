import { maskCounts } from '../../spec/masking/draw-mask.js';
import { MASK_KIND_NAMES, MASK_KINDS } from '../../spec/masking/kinds.js';
import { clipTokens, gridOf } from '../../spec/model/patches.js';
import { type Preset, presetNamed } from '../../spec/model/presets.js';
import { resolveBackend } from './backend.js';
import { capabilitiesOf } from './capabilities.js';
import { resolveCheckpoints } from './checkpoints.js';
import { resolveClip, videoConfig } from './clip.js';
import type { RunConfig, RunSettings } from './config.js';
import { requireTeacher, resolveContrastive } from './contrastive.js';
import { requireOneList, resolveData } from './data.js';
import { resolveEvaluation } from './evaluation.js';
import { resolveFinetuning } from './finetuning.js';
import { resolveMae } from './mae.js';
import { resolveMask, resolveTextMask } from './mask.js';
import { resolveLossScaling, resolveOptimizer } from './optimizer.js';
import { resolveSchedule } from './schedule.js';
import { refuse } from './section.js';
import { requireSize } from './size.js';
import { resolveStages } from './stages.js';
import { requireHeads, resolveDecoder, resolveEncoder, resolveText } from './towers.js';

export { videoConfig } from './clip.js';
export { modelConfig, modelState, withTeacher } from './model.js';
export { runSchedule } from './schedule.js';
export { stagesOf } from './stages.js';

export const DEFAULT_PRESET = 'videomae-vitb';

/**
 * The configuration with every choice made: the preset's where it says nothing. Each section has
 * its file; here are the rules between sections.
 *
 * @throws LacunaError naming the key where values do not fit together.
 */
export function resolveSettings(config: RunConfig): RunSettings {
  const preset = presetNamed(config.preset ?? DEFAULT_PRESET);
  return { ...resolveOne(config, preset), ...resolveStages(config, preset, resolveOne) };
}

/** The settings of a run of one stage. */
function resolveOne(config: RunConfig, preset: Preset): RunSettings {
  const name = config.preset ?? DEFAULT_PRESET;
  const backend = resolveBackend(config.backend);
  const settings: RunSettings = {
    preset: name,
    objective: config.objective ?? preset.objective,
    data: resolveData(config.data),
    output: config.output,
    seed: config.seed ?? 0,
    clip: resolveClip(config.clip, preset),
    encoder: resolveEncoder(config.encoder, preset),
    decoder: resolveDecoder(config.decoder, preset),
    mae: resolveMae(config.mae, preset),
    text: resolveText(config.text, preset),
    contrastive: resolveContrastive(config.contrastive, preset),
    mask: resolveMask(config.mask, preset),
    textMask: resolveTextMask(config.textMask, preset, config.contrastive?.teacher),
    pairing: config.pairing ?? 'own',
    batch: config.batch ?? preset.batch,
    microbatches: config.microbatches ?? 1,
    optimizer: resolveOptimizer(config.optimizer, preset),
    schedule: resolveSchedule(config.schedule, preset),
    gradientNorm: config.gradientNorm ?? false,
    lossScaling: resolveLossScaling(config.lossScaling, backend),
    checkpoints: resolveCheckpoints(config.checkpoints),
    ...(config.recompute === true ? { recompute: true } : {}),
    ...(config.tensorboard === true ? { tensorboard: true } : {}),
    ...(config.ledger === true ? { ledger: true } : {}),
    ...(config.trackio === undefined ? {} : { trackio: config.trackio }),
    ...resolveEvaluation(config.evaluation),
    ...resolveFinetuning(config.finetuning),
    backend,
  };
  requireSize(settings);
  requireHeads('encoder', settings.encoder);
  requireMap(settings);
  requireOneList(settings.data, settings.mask);
  requireMasked(settings);
  requireSharedMask(settings);
  refuse(settings.batch % settings.microbatches !== 0, 'microbatches', `${settings.microbatches}`, {
    what: 'the batch cannot be cut into this many equal parts',
    expected: `a divisor of batch, ${settings.batch}`,
  });
  const { reconstructs, aligns } = capabilitiesOf(settings);
  if (reconstructs) requireHeads('decoder', settings.decoder);
  if (aligns) checkAlignment(settings, config, preset);
  return settings;
}

function requireMap({ mask: { kind }, data: { list, similarity } }: RunSettings): void {
  const missing = MASK_KINDS[kind].map === 'similarity' && similarity === undefined;
  refuse(missing, 'mask.kind', `"${kind}"`, {
    what: 'this mask needs the similarity maps of every clip, and data.similarity names none',
    fix: `Make them: lacuna similarity --data ${list} --teacher <folder> --output maps; then set data.similarity to maps.`,
  });
}

/** Some token must be masked where something is reconstructed, and some must stay visible anyhow. */
function requireMasked(settings: RunSettings): void {
  const { mask } = settings;
  const video = videoConfig(settings);
  const { masked } = maskCounts(mask, gridOf(video));
  refuse(capabilitiesOf(settings).reconstructs && masked === 0, 'mask.ratio', `${mask.ratio}`, {
    what: `none of ${clipTokens(video)} tokens is masked, so there is nothing to reconstruct`,
    fix: 'Raise the ratio, or choose the objective contrastive.',
  });
}

/** Divided attention pairs a place with itself over time: every slot must have the same places. */
function requireSharedMask({ encoder, mask, clip }: RunSettings): void {
  const { slots } = gridOf(videoConfig({ clip }));
  const { shared } = MASK_KINDS[mask.kind];
  const isApart = encoder.attention === 'divided' && shared !== true && mask.ratio > 0 && slots > 1;
  const kinds = MASK_KIND_NAMES.filter((name) => MASK_KINDS[name].shared === true);
  refuse(isApart, 'encoder.attention', `"divided" with mask.kind "${mask.kind}"`, {
    what: 'divided attention needs the same places in every slot, and this mask has others in each',
    expected: `mask.kind ${kinds.join(' or ')}, or encoder.attention "joint"`,
    fix: 'Set mask.kind to "tube" (one mask for all frames), or encoder.attention to "joint".',
  });
}

function checkAlignment(settings: RunSettings, config: RunConfig, preset: Preset): void {
  const { reconstructs, readsText } = capabilitiesOf(settings);
  const { batch, contrastive, encoder, textMask } = settings;
  refuse(batch < 2, 'batch', `${batch}`, {
    what: 'a contrastive loss needs at least two clips, or there is nothing to tell apart',
    fix: 'Raise the batch, or choose the objective mae.',
  });
  const { pool, weight, teacher } = contrastive;
  refuse(pool === 'class' && encoder.classToken !== true, 'contrastive.pool', '"class"', {
    what: 'there is no class token to pool',
    fix: 'Set encoder.classToken to true.',
  });
  refuse(!reconstructs && weight === 0, 'contrastive.weight', '0', {
    what: 'a loss of weight 0 is only reported, and there is no other to optimise',
    fix: 'Choose the objective mae+contrastive, or raise the weight.',
  });
  requireTeacher(contrastive, config.contrastive, settings.preset, preset);
  if (readsText) requireHeads('text', settings.text);
  refuse(teacher !== undefined && textMask.ratio > 0, 'textMask.ratio', `${textMask.ratio}`, {
    what: 'words cannot be masked: a frozen teacher embeds each caption once, as it is',
    fix: 'Set textMask.ratio to 0, or leave contrastive.teacher out.',
  });
}

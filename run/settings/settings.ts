import { LacunaError } from '../../spec/errors.js';
import { completeMaskConfig, maskCounts } from '../../spec/masking/draw-mask.js';
import { MASK_KINDS, type MaskKindName } from '../../spec/masking/kinds.js';
import { completeTextMaskConfig } from '../../spec/masking/text-mask.js';
import { clipTokens, gridOf, type VideoConfig } from '../../spec/model/patches.js';
import { type Preset, presetNamed } from '../../spec/model/presets.js';
import {
  type ContrastiveObjective,
  type PretrainingConfig,
  pretrainingModel,
} from '../../spec/model/pretraining.js';
import type { StateSpec } from '../../spec/model/state.js';
import { activeLossScaling, type LossScaling } from '../../spec/optim/loss-scaling.js';
import { scaleLearningRate, type WarmupCosine } from '../../spec/optim/schedule.js';
import { capabilitiesOf } from './capabilities.js';
import type { MotionConfig, RunConfig, RunSettings, ScheduleConfig } from './config.js';
import { evaluationSettings } from './evaluation.js';

const DEFAULT_PRESET = 'videomae-vitb';

/**
 * The configuration with every choice made: the preset's where it says nothing.
 * @throws LacunaError naming the key where values do not fit together.
 */
export function resolveSettings(config: RunConfig): RunSettings {
  const preset = config.preset ?? DEFAULT_PRESET;
  const defaults = presetNamed(preset);
  const { frames, size, tubelet, patch } = defaults.video;
  const { stride, sampling, crop, flip } = defaults;
  const maskConfig = { ...maskDefaults(config, defaults), ...config.mask };
  const settings: RunSettings = {
    preset,
    objective: config.objective ?? defaults.objective,
    data: { workers: 2, ...config.data },
    output: config.output,
    seed: config.seed ?? 0,
    clip: { frames, size, tubelet, patch, stride, sampling, crop, flip, ...config.clip },
    encoder: { ...defaults.encoder, ...config.encoder },
    decoder: { ...defaults.decoder, ...config.decoder },
    mae: { target: defaults.target, weight: 1, ...config.mae },
    text: { ...defaults.text, vocabulary: defaults.vocabulary, ...config.text },
    contrastive: contrastiveConfig(config, defaults),
    mask: { ...runMask(maskConfig), ...motionSettings(config, maskConfig.kind) },
    textMask: completeTextMaskConfig({
      ...defaults.textMask,
      // Nothing can be masked in what a teacher has embedded.
      ...(config.contrastive?.teacher === undefined ? {} : { ratio: 0 }),
      ...config.textMask,
    }),
    pairing: config.pairing ?? 'own',
    batch: config.batch ?? defaults.batch,
    microbatches: config.microbatches ?? 1,
    optimizer: { ...defaults.optimizer, ...config.optimizer },
    schedule: schedule(config, defaults),
    gradientNorm: config.gradientNorm ?? false,
    lossScaling: lossScaling(config),
    checkpoints: { everySteps: 500, keep: 2, ...config.checkpoints },
    ...(config.evaluation === undefined
      ? {}
      : { evaluation: evaluationSettings(config.evaluation) }),
    backend: { name: 'onnx', ...config.backend },
  };
  check(settings);
  checkTeacher(settings, config, defaults);
  return settings;
}

/** Products of f16 lose small gradients: in mixed precision the loss is scaled unless told otherwise. */
function lossScaling({ lossScaling, backend }: RunConfig): LossScaling {
  const usual = { kind: backend?.precision === 'mixed' ? 'dynamic' : 'none' } as const;
  return activeLossScaling(lossScaling ?? usual) ?? { kind: 'none' };
}

/** The settings of a run whose teacher is open: the widths that follow from it are filled in. */
export function withTeacher(settings: RunSettings, width: number): RunSettings {
  const { contrastive } = settings;
  const { textProjection, videoProjection } = contrastive;
  const shared =
    textProjection.kind === 'none'
      ? {
          textProjection: { ...textProjection, width },
          videoProjection: { ...videoProjection, width },
        }
      : {};
  return { ...settings, contrastive: { ...contrastive, ...shared, teacherWidth: width } };
}

/** The part of the settings that the model's programs are built from. */
export function modelConfig(settings: RunSettings, vocabulary: number): PretrainingConfig {
  const { encoder, decoder, mae, contrastive } = settings;
  const { reconstructs, aligns } = capabilitiesOf(settings);
  return {
    video: videoConfig(settings),
    encoder,
    ...(reconstructs ? { mae: { ...mae, decoder } } : {}),
    ...(aligns ? { contrastive: { ...contrastive, text: textSide(settings, vocabulary) } } : {}),
  };
}

function textSide(
  { text: { vocabulary: _, ...text }, contrastive }: RunSettings,
  vocabulary: number,
): ContrastiveObjective['text'] {
  if (contrastive.teacher === undefined) return { ...text, vocabulary };
  if (contrastive.teacherWidth !== undefined)
    return { frozen: true, width: contrastive.teacherWidth };
  throw new LacunaError({
    where: 'contrastive.teacher',
    what: 'the width of the teacher is not known before it is opened',
    got: contrastive.teacher,
  });
}

/** What a checkpoint holds of the model itself: parameters and statistics, without the optimiser. */
export function modelState(settings: RunSettings, vocabulary: number): readonly StateSpec[] {
  const { visible } = maskCounts(settings.mask, gridOf(videoConfig(settings)));
  const shape = { batch: settings.batch, visible };
  return pretrainingModel(modelConfig(settings, vocabulary), shape).state;
}

export function videoConfig({ clip }: RunSettings): VideoConfig {
  const { frames, size, tubelet, patch } = clip;
  return { frames, size, tubelet, patch };
}

/** The schedule of a run over a list of clips: an epoch has floor(clips / B) steps. */
export function runSchedule(settings: RunSettings, clips: number): WarmupCosine {
  const { batch, schedule } = settings;
  const stepsPerEpoch = Math.floor(clips / batch);
  if (stepsPerEpoch < 1) {
    throw new LacunaError({
      what: 'there are fewer clips than a batch has',
      where: 'batch',
      got: `${clips} clips for a batch of ${batch}`,
      fix: 'Lower "batch", or list more clips.',
    });
  }
  const { epochs = 1, steps = epochs * stepsPerEpoch } = schedule;
  const { warmupEpochs = 0, warmupSteps = warmupEpochs * stepsPerEpoch } = schedule;
  if (warmupSteps > steps) {
    throw new LacunaError({
      what: 'the warm-up is longer than the run',
      where: schedule.warmupSteps === undefined ? 'schedule.warmupEpochs' : 'schedule.warmupSteps',
      got: `${warmupSteps} of ${steps} steps`,
      fix: 'Shorten the warm-up, or leave it out: it then takes its usual share of the run.',
    });
  }
  return {
    peak: scaleLearningRate(schedule.baseLearningRate, batch),
    minimum: scaleLearningRate(schedule.minimumLearningRate, batch),
    warmupSteps,
    totalSteps: steps,
    warmup: schedule.warmup,
  };
}

function contrastiveConfig(
  { contrastive: own = {} }: RunConfig,
  { contrastive }: Preset,
): RunSettings['contrastive'] {
  const { videoProjection, textProjection } = contrastive;
  // A teacher's embedding stays as it is unless a head is asked for.
  const untouched =
    own.teacher === undefined ? {} : { kind: 'none' as const, width: textProjection.width };
  return {
    weight: own.weight ?? contrastive.weight ?? 1,
    temperature: own.temperature ?? contrastive.temperature,
    directions: own.directions ?? contrastive.directions ?? 'mean',
    pool: own.pool ?? contrastive.pool ?? 'mean',
    videoProjection: { ...videoProjection, ...own.videoProjection },
    textProjection: { ...textProjection, ...untouched, ...own.textProjection },
    ...(own.teacher === undefined ? {} : { teacher: own.teacher }),
  };
}

/** The mask with its defaults; `frames` where it is drawn from similarity maps. */
function runMask(config: RunSettings['mask'] | Preset['mask']): RunSettings['mask'] {
  const mask = completeMaskConfig(config);
  if (MASK_KINDS[mask.kind].map !== 'similarity') return mask;
  return { ...mask, frames: ('frames' in config ? config.frames : undefined) ?? 'mean' };
}

/** A mask of another kind than the preset's starts from that kind's own ratio and rounding. */
function maskDefaults({ mask }: RunConfig, preset: Preset): Preset['mask'] {
  const kind = mask?.kind ?? preset.mask.kind;
  return kind === preset.mask.kind ? preset.mask : { kind };
}

/** How motion is measured, for the masks that need it: the flow by block matching or a model. */
function motionSettings(
  { mask }: RunConfig,
  kind: MaskKindName,
): { readonly motion?: MotionConfig } {
  const { map } = MASK_KINDS[kind];
  const own = mask?.motion;
  refuse(map === 'motion' && own?.source === 'raft', 'mask.motion.source', '"raft"', {
    what: 'only the mask flow-warped takes its motion from a model of optical flow',
    expected: 'one of auto, codec, block-matching',
  });
  refuse(map !== 'flow' && own?.raft !== undefined, 'mask.motion.raft', `"${own?.raft}"`, {
    what: `the mask ${kind} takes no model of optical flow`,
    fix: 'Leave mask.motion.raft out, or choose flow-warped.',
  });
  if (map === 'motion') return { motion: { source: 'auto', camera: 'keep', ...own } };
  refuse(own !== undefined && map !== 'flow', 'mask.motion', JSON.stringify(own), {
    what: `the mask ${kind} does not look at motion`,
    fix: 'Leave mask.motion out, or choose motion-guided or flow-warped.',
  });
  if (map !== 'flow') return {};
  const raft = own?.raft;
  const { source = raft === undefined ? 'block-matching' : 'raft', camera = 'keep' } = own ?? {};
  refuse(source !== 'block-matching' && source !== 'raft', 'mask.motion.source', `"${source}"`, {
    what: 'a flow is measured by block matching or a model only: codecs have vectors in one direction',
    fix: 'Leave mask.motion.source out.',
  });
  refuse(source === 'raft' && raft === undefined, 'mask.motion.source', '"raft"', {
    what: 'the flow is to be measured by a model, and mask.motion.raft names none',
    expected: 'an ONNX file of RAFT in mask.motion.raft',
    fix: 'Name one, or leave mask.motion.source out: the flow is then measured by block matching.',
  });
  refuse(source !== 'raft' && raft !== undefined, 'mask.motion.source', `"${source}"`, {
    what: 'mask.motion.raft names a model that would not be used',
    fix: 'Set mask.motion.source to "raft", or leave mask.motion.raft out.',
  });
  refuse(camera !== 'keep', 'mask.motion.camera', `"${camera}"`, {
    what: 'a flow must have the motion of the camera too, or the mask would lag behind the picture',
    fix: 'Leave mask.motion.camera out.',
  });
  return { motion: { source, camera, ...(raft === undefined ? {} : { raft }) } };
}

function schedule({ schedule: own = {} }: RunConfig, preset: Preset): ScheduleConfig {
  const { baseLearningRate, minimumLearningRate, epochs, warmupEpochs } = preset.schedule;
  refuseBoth('schedule', own, 'epochs', 'steps');
  refuseBoth('schedule', own, 'warmupEpochs', 'warmupSteps');
  const length = own.steps === undefined ? { epochs: own.epochs ?? epochs } : { steps: own.steps };
  const share = warmupEpochs / epochs;
  const warmup =
    own.warmupEpochs !== undefined || own.warmupSteps !== undefined
      ? {}
      : 'steps' in length
        ? { warmupSteps: Math.round(share * length.steps) }
        : { warmupEpochs: Math.round(share * length.epochs) };
  return {
    baseLearningRate,
    // An explicit peak below the preset's floor means no floor.
    minimumLearningRate:
      own.baseLearningRate === undefined || own.baseLearningRate >= minimumLearningRate
        ? minimumLearningRate
        : 0,
    warmup: 'videomae',
    ...warmup,
    ...own,
    ...length,
  };
}

function check(settings: RunSettings): void {
  const { clip, mask, batch, microbatches } = settings;
  const { reconstructs, aligns, readsText } = capabilitiesOf(settings);
  refuse(clip.frames % clip.tubelet !== 0, 'clip.frames', `${clip.frames}`, {
    what: 'the frames of a clip are no multiple of the tubelet',
    expected: `a multiple of clip.tubelet, ${clip.tubelet}`,
  });
  refuse(clip.size % clip.patch !== 0, 'clip.size', `${clip.size}`, {
    what: 'the frame size is no multiple of the patch',
    expected: `a multiple of clip.patch, ${clip.patch}`,
  });
  const towers = [
    ['encoder', settings.encoder],
    ...(reconstructs ? [['decoder', settings.decoder] as const] : []),
    ...(readsText ? [['text', settings.text] as const] : []),
  ] as const;
  for (const [name, { width, heads }] of towers) {
    refuse(width % heads !== 0, `${name}.heads`, `${heads}`, {
      what: 'the width is no multiple of the number of heads',
      expected: `a divisor of ${name}.width, ${width}`,
    });
  }
  const { map } = MASK_KINDS[mask.kind];
  refuse(
    mask.ties === 'random' && map !== 'similarity' && map !== 'motion',
    'mask.ties',
    'random',
    {
      what: `the mask ${mask.kind} compares no values, so there are no ties`,
      fix: 'Leave mask.ties out.',
    },
  );
  const { list, similarity } = settings.data;
  refuse(map === 'similarity' && similarity === undefined, 'mask.kind', `"${mask.kind}"`, {
    what: 'this mask needs the similarity maps of every clip, and data.similarity names none',
    fix: `Make them: lacuna similarity --data ${list} --teacher <folder> --output maps; then set data.similarity to maps.`,
  });
  const video = videoConfig(settings);
  const { masked } = maskCounts(mask, gridOf(video));
  refuse(reconstructs && masked === 0, 'mask.ratio', `${mask.ratio}`, {
    what: `none of ${clipTokens(video)} tokens is masked, so there is nothing to reconstruct`,
    fix: 'Raise the ratio, or choose the objective contrastive.',
  });
  refuse(batch % microbatches !== 0, 'microbatches', `${microbatches}`, {
    what: 'the batch cannot be cut into this many equal parts',
    expected: `a divisor of batch, ${batch}`,
  });
  refuse(aligns && microbatches > 1, 'microbatches', `${microbatches}`, {
    what: 'a contrastive loss cannot be cut: its negatives are the whole batch',
    fix: 'Set microbatches to 1, or choose the objective mae.',
  });
  refuse(aligns && batch < 2, 'batch', `${batch}`, {
    what: 'a contrastive loss needs at least two clips, or there is nothing to tell apart',
  });
  refuse(
    aligns && settings.contrastive.pool === 'class' && settings.encoder.classToken !== true,
    'contrastive.pool',
    '"class"',
    { what: 'there is no class token to pool', fix: 'Set encoder.classToken to true.' },
  );
  const { baseLearningRate, minimumLearningRate } = settings.schedule;
  refuse(
    minimumLearningRate > baseLearningRate,
    'schedule.minimumLearningRate',
    `${minimumLearningRate}`,
    {
      what: 'the lowest learning rate is above the highest',
      expected: `at most schedule.baseLearningRate, ${baseLearningRate}`,
    },
  );
}

function checkTeacher(
  settings: RunSettings,
  { contrastive: own }: RunConfig,
  defaults: Preset,
): void {
  const { reconstructs, aligns } = capabilitiesOf(settings);
  if (!aligns) return;
  const { preset, contrastive, textMask } = settings;
  const { teacher, textProjection, weight } = contrastive;
  refuse(!reconstructs && weight === 0, 'contrastive.weight', '0', {
    what: 'a loss of weight 0 is only reported, and there is no other to optimise',
    fix: 'Choose the objective mae+contrastive, or raise the weight.',
  });
  refuse(defaults.teacher === true && teacher === undefined, 'contrastive.teacher', 'nothing', {
    what: `the preset ${preset} aligns with a frozen teacher, and none is named`,
    fix:
      'Set contrastive.teacher to the folder of a CLIP as ONNX files or of a run that learned to ' +
      'align, or choose the objective mae, or the preset videomae-vitb, which trains a text encoder.',
  });
  if (teacher === undefined) return;
  refuse(textMask.ratio > 0, 'textMask.ratio', `${textMask.ratio}`, {
    what: 'words cannot be masked: a frozen teacher embeds each caption once, as it is',
    fix: 'Set textMask.ratio to 0, or leave contrastive.teacher out.',
  });
  const width = own?.videoProjection?.width ?? own?.textProjection?.width;
  refuse(
    textProjection.kind === 'none' && width !== undefined,
    'contrastive.videoProjection.width',
    `${width}`,
    {
      what: "without a projection of text the width of the shared space is the teacher's",
      fix: 'Leave the width out, or set contrastive.textProjection.kind to "linear".',
    },
  );
}

function refuse(
  wrong: boolean,
  where: string,
  got: string,
  facts: { readonly what: string; readonly expected?: string; readonly fix?: string },
): void {
  if (wrong) throw new LacunaError({ where, got, ...facts });
}

function refuseBoth(section: string, own: object, a: string, b: string): void {
  refuse(a in own && b in own, `${section}.${b}`, 'both', {
    what: `${a} and ${b} exclude each other`,
    fix: 'Remove one of them.',
  });
}

import { describe, expect, it } from 'vitest';
import { refusal } from '../../core/testing/refusal.js';
import { PRESET_NAMES } from '../../spec/index.js';
import { modelConfig, withTeacher } from './model.js';
import { parseConfig } from './parse-config.js';
import { runSchedule } from './schedule.js';
import { resolveSettings } from './settings.js';

const PLACES = { data: { list: 'clips.jsonl' }, output: 'run' };
const resolved = (config: object): ReturnType<typeof resolveSettings> =>
  resolveSettings(parseConfig({ preset: 'tiny-mae', ...PLACES, ...config }));

const FLOW = { kind: 'flow-warped' };
const MOTION = { kind: 'motion-guided' };
const TEACHER = { teacher: 'clip' };

/** Configurations whose values do not fit together, and the sentence that says so. */
const REFUSED: readonly (readonly [config: object, sentence: string])[] = [
  [
    { clip: { frames: 5 } },
    'clip.frames: the frames of a clip are no multiple of the tubelet; got 5, expected a multiple of clip.tubelet, 2.',
  ],
  [
    { clip: { size: 18 } },
    'clip.size: the frame size is no multiple of the patch; got 18, expected a multiple of clip.patch, 4.',
  ],
  ...(['encoder', 'text'] as const).map(
    (tower) =>
      [
        { [tower]: { heads: 3 } },
        `${tower}.heads: the width is no multiple of the number of heads; got 3, expected a divisor of ${tower}.width, 16.`,
      ] as const,
  ),
  [
    { decoder: { heads: 3 } },
    'decoder.heads: the width is no multiple of the number of heads; got 3, expected a divisor of decoder.width, 8.',
  ],
  [
    { encoder: { width: 1_000_000, heads: 1 } },
    'encoder.width: the model would have about 1.3e+13 parameters; got 1000000, expected at most 4294967296. Lower encoder.width, or what it is multiplied with.',
  ],
  [
    { decoder: { width: 1_000_000, heads: 1 } },
    'decoder.width: the model would have about 1.2e+13 parameters; got 1000000, expected at most 4294967296. Lower decoder.width, or what it is multiplied with.',
  ],
  [
    { text: { vocabulary: 1_000_000, width: 8192, heads: 1 } },
    'text.vocabulary: the model would have about 9.0e+9 parameters; got 1000000, expected at most 4294967296. Lower text.vocabulary, or what it is multiplied with.',
  ],
  [
    { contrastive: { videoProjection: { kind: 'mlp', hidden: 1_000_000, width: 8192 } } },
    'contrastive.videoProjection.hidden: the model would have about 8.2e+9 parameters; got 1000000, expected at most 4294967296. Lower contrastive.videoProjection.hidden, or what it is multiplied with.',
  ],
  [
    { clip: { frames: 4096, size: 4096, patch: 1 } },
    'clip: a clip has too many tokens; got 34359738368 tokens of 4096 frames of 4096 x 4096, expected at most 1048576. Lower clip.frames or clip.size, or raise clip.patch.',
  ],
  [
    { batch: 65_536, clip: { frames: 64, size: 224, patch: 16 } },
    'batch: the frames of a batch take 588.0 GiB; got 65536, expected at most 8 GiB. Lower batch, clip.frames or clip.size.',
  ],
  [
    { encoder: { attention: 'divided' }, mask: { kind: 'random-per-slot' } },
    'encoder.attention: divided attention needs the same places in every slot, and this mask has others in each; got "divided" with mask.kind "random-per-slot", expected mask.kind tube, or encoder.attention "joint". Set mask.kind to "tube" (one mask for all frames), or encoder.attention to "joint".',
  ],
  [
    { mask: { ties: 'random' } },
    'mask.ties: the mask tube compares no values, so there are no ties; got "random". Leave mask.ties out.',
  ],
  [
    { mask: { kind: 'text-guided' } },
    'mask.kind: this mask needs the similarity maps of every clip, and data.similarity names none; got "text-guided". Make them: lacuna similarity --data clips.jsonl --teacher <folder> --output maps; then set data.similarity to maps.',
  ],
  [
    { mask: { ratio: 0 } },
    'mask.ratio: none of 32 tokens is masked, so there is nothing to reconstruct; got 0. Raise the ratio, or choose the objective contrastive.',
  ],
  [
    { objective: 'contrastive', clip: { size: 4 }, mask: { rounding: 'floor-visible' } },
    "tube mask of 2 x 1 x 1 tokens: the mask leaves no token visible; got ratio 0.5 with rounding 'floor-visible', expected fewer than 1 masked of 1. Lower the ratio or use more tokens.",
  ],
  [
    { mask: { ...MOTION, motion: { source: 'raft' } } },
    'mask.motion.source: only the mask flow-warped takes its motion from a model of optical flow; got "raft", expected one of auto, codec, block-matching.',
  ],
  [
    { mask: { ...MOTION, motion: { raft: 'raft.onnx' } } },
    'mask.motion.raft: the mask motion-guided takes no model of optical flow; got "raft.onnx". Leave mask.motion.raft out, or choose flow-warped.',
  ],
  [
    { mask: { motion: { camera: 'keep' } } },
    'mask.motion: the mask tube does not look at motion; got {"camera":"keep"}. Leave mask.motion out, or choose motion-guided or flow-warped.',
  ],
  [
    { mask: { ...FLOW, motion: { source: 'codec' } } },
    'mask.motion.source: a flow is measured by block matching or a model only: codecs have vectors in one direction; got "codec". Leave mask.motion.source out.',
  ],
  [
    { mask: { ...FLOW, motion: { source: 'raft' } } },
    'mask.motion.source: the flow is to be measured by a model, and mask.motion.raft names none; got "raft", expected an ONNX file of RAFT in mask.motion.raft. Name one, or leave mask.motion.source out: the flow is then measured by block matching.',
  ],
  [
    { mask: { ...FLOW, motion: { source: 'block-matching', raft: 'raft.onnx' } } },
    'mask.motion.source: mask.motion.raft names a model that would not be used; got "block-matching". Set mask.motion.source to "raft", or leave mask.motion.raft out.',
  ],
  [
    { mask: { ...FLOW, motion: { camera: 'compensate' } } },
    'mask.motion.camera: a flow must have the motion of the camera too, or the mask would lag behind the picture; got "compensate". Leave mask.motion.camera out.',
  ],
  [
    { schedule: { epochs: 1, steps: 1 } },
    'schedule.steps: epochs and steps exclude each other; got both. Remove one of them.',
  ],
  [
    { schedule: { warmupEpochs: 1, warmupSteps: 1 } },
    'schedule.warmupSteps: warmupEpochs and warmupSteps exclude each other; got both. Remove one of them.',
  ],
  [
    { schedule: { minimumLearningRate: 0.5 } },
    'schedule.minimumLearningRate: the lowest learning rate is above the highest; got 0.5, expected at most schedule.baseLearningRate, 0.064.',
  ],
  [
    { lossScaling: { kind: 'fixed', scale: 3 } },
    'lossScaling.scale: this loss scaling cannot be used; got 3, expected a power of two from 1 to 2^126, such as 65536.',
  ],
  [
    { lossScaling: { kind: 'dynamic', growthInterval: 0.5 } },
    'lossScaling.growthInterval: this loss scaling cannot be used; got 0.5, expected an integer from 1 to 16777216.',
  ],
  [
    { lossScaling: { kind: 'dynamic', initial: 2, minimum: 4 } },
    'lossScaling.initial: this loss scaling cannot be used; got 2, expected 4 to 16777216.',
  ],
  [
    { microbatches: 3 },
    'microbatches: the batch cannot be cut into this many equal parts; got 3, expected a divisor of batch, 4.',
  ],
  [
    { batch: 1 },
    'batch: a contrastive loss needs at least two clips, or there is nothing to tell apart; got 1. Raise the batch, or choose the objective mae.',
  ],
  [
    { contrastive: { pool: 'class' } },
    'contrastive.pool: there is no class token to pool; got "class". Set encoder.classToken to true.',
  ],
  [
    { objective: 'contrastive', contrastive: { weight: 0 } },
    'contrastive.weight: a loss of weight 0 is only reported, and there is no other to optimise; got 0. Choose the objective mae+contrastive, or raise the weight.',
  ],
  [
    { preset: 'tgm-vitb-k400', mask: { kind: 'tube' } },
    'contrastive.teacher: the preset tgm-vitb-k400 aligns with a frozen teacher, and none is named; got nothing. Set contrastive.teacher to the folder of a CLIP as ONNX files or of a run that learned to align, or choose the objective mae, or the preset videomae-vitb, which trains a text encoder.',
  ],
  [
    { contrastive: { ...TEACHER, videoProjection: { width: 8 } } },
    'contrastive.videoProjection.width: without a projection of text the width of the shared space is the teacher\'s; got 8. Leave the width out, or set contrastive.textProjection.kind to "linear".',
  ],
  [
    { contrastive: TEACHER, textMask: { ratio: 0.25 } },
    'textMask.ratio: words cannot be masked: a frozen teacher embeds each caption once, as it is; got 0.25. Set textMask.ratio to 0, or leave contrastive.teacher out.',
  ],
];

describe('settings', () => {
  it.each(REFUSED)('%j are refused', (config, sentence) => {
    expect(refusal(() => resolved(config))).toBe(sentence);
  });

  it.each(PRESET_NAMES)('of the preset %s need nothing but what it aligns with', (preset) => {
    const data = { list: 'clips.jsonl', similarity: 'maps' };
    const teacher = preset.startsWith('tgm') ? { contrastive: TEACHER } : {};
    expect(resolved({ preset, data, ...teacher }).preset).toBe(preset);
  });

  it('take what a section says before what the preset does', () => {
    const { clip, mask, schedule, contrastive } = resolved({
      clip: { stride: 7 },
      mask: { kind: 'random' },
      schedule: { steps: 100 },
      contrastive: { temperature: { kind: 'learned' } },
    });
    expect(clip).toMatchObject({ stride: 7, frames: 4, crop: 'multi-scale' });
    // A mask of another kind has its own ratio, not the preset's 0.5.
    expect(mask).toEqual({ kind: 'random', ratio: 0.9, rounding: 'floor-visible', ties: 'first' });
    expect(schedule).toMatchObject({ steps: 100, warmupSteps: 25 });
    expect(schedule.epochs).toBeUndefined();
    expect(contrastive.temperature).toEqual({ kind: 'learned' });
  });

  it.each([
    [{ mask: { kind: 'tube' } }],
    [{ mask: { kind: 'random-per-slot', ratio: 0 } }],
    [{ mask: { kind: 'random-per-slot' }, clip: { frames: 1 } }],
  ])('may divide attention where every slot has the same places: %j', (config) => {
    const given = { preset: 'tiny-mac', encoder: { attention: 'divided' }, ...config };
    expect(resolved(given).encoder.attention).toBe('divided');
  });

  it.each([
    ['tgm-vitb-k400', 800, 40],
    ['tgm-vitb-k400', 200, 40],
    ['videomae-vitb', 1600, 40],
    ['videomae-vitb', 200, 40],
    ['videomae-vitb', 50, 10],
    ['videomae-vitl', 2, 0],
    ['mac-vitb', 30, 0],
  ])('of %s for %i epochs warm up for %i', (preset, epochs, warmupEpochs) => {
    const contrastive = preset.startsWith('tgm') ? { contrastive: TEACHER } : {};
    const data = { list: 'clips.jsonl', similarity: 'maps' };
    const { schedule } = resolved({ preset, data, schedule: { epochs }, ...contrastive });
    expect(schedule).toMatchObject({ epochs, warmupEpochs });
  });

  it('have one decay of the rate or the other, whole', () => {
    const steps = { kind: 'steps', at: [0.6, 0.8], factor: 0.1 };
    expect(resolved({ preset: 'tiny-mac' }).schedule.decay).toEqual(steps);
    const { schedule } = resolved({ preset: 'tiny-mac', schedule: { decay: { kind: 'cosine' } } });
    expect(schedule.decay).toEqual({ kind: 'cosine' });
    expect(resolved({}).schedule.decay).toEqual({ kind: 'cosine' });
  });

  it('have no floor of the rate above a peak that is given', () => {
    const { schedule } = resolved({
      preset: 'videomae-vits',
      schedule: { baseLearningRate: 1e-6 },
    });
    expect(schedule.minimumLearningRate).toBe(0);
  });

  it('have the width of a shared space from the teacher where text has no head', () => {
    const settings = resolved({ contrastive: TEACHER });
    expect(refusal(() => modelConfig(settings, 300))).toBe(
      'contrastive.teacher: the width of the teacher is not known before it is opened; got clip.',
    );
    const { contrastive } = modelConfig(withTeacher(settings, 24), 300);
    expect(contrastive).toMatchObject({
      text: { frozen: true, width: 24 },
      textProjection: { kind: 'none', width: 24 },
      videoProjection: { kind: 'mlp-bn', width: 24 },
    });
  });
});

describe('the schedule of a run', () => {
  it('needs a batch of clips', () => {
    expect(refusal(() => runSchedule(resolved({}), 3))).toBe(
      'batch: there are fewer clips than a batch has; got 3 clips for a batch of 4. Lower "batch", or list more clips.',
    );
  });

  it.each([
    [{ steps: 10, warmupSteps: 11 }, 'warmupSteps', '11 of 10'],
    [{ epochs: 1, warmupEpochs: 2 }, 'warmupEpochs', '4 of 2'],
  ])('cannot warm up for longer than %j', (schedule, key, steps) => {
    expect(refusal(() => runSchedule(resolved({ schedule }), 8))).toBe(
      `schedule.${key}: the warm-up is longer than the run; got ${steps} steps. Shorten the warm-up, or leave it out: it then takes its usual share of the run.`,
    );
  });

  it('counts whole batches of an epoch', () => {
    expect(runSchedule(resolved({}), 11)).toMatchObject({ totalSteps: 8, warmupSteps: 2 });
  });
});

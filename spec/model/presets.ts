import { LacunaError } from '../errors.js';
import type { MaskConfig } from '../masking/draw-mask.js';
import type { TextMaskConfig } from '../masking/text-mask.js';
import type { TargetKind } from '../objectives/targets.js';
import type { AdamWConfig } from '../optim/adamw.js';
import type { Decay } from '../optim/schedule.js';
import type { DecoderConfig } from './decoder.js';
import type { VideoConfig } from './patches.js';
import type { ContrastiveObjective } from './pretraining.js';
import type { TextEncoderConfig } from './text-encoder.js';
import type { TransformerConfig } from './transformer.js';
import type { VideoEncoderConfig } from './video-encoder.js';

/** What is learned: reconstruction, alignment with text, or both on one encoder pass. */
export type Objective = (typeof OBJECTIVES)[number];
export const OBJECTIVES = ['mae', 'contrastive', 'mae+contrastive'] as const;

/**
 * `dense`: neighbours at the stride (VideoMAE's pretraining). `window`: spread evenly over as many frames
 * of the video as T strides (VideoMAE's fine-tuning). `tsn`: one of each of T equal segments.
 */
export type FrameSampling = (typeof FRAME_SAMPLINGS)[number];
export const FRAME_SAMPLINGS = ['dense', 'window', 'tsn'] as const;

/**
 * `multi-scale`: VideoMAE's MultiScaleCrop. `random-resized`: RandomResizedCrop of 0.5 to 1 of the area
 * (Frozen-in-Time). `inception`: the same of 0.08 to 1 (VideoMAE's fine-tuning). `centre`: always the middle square.
 */
export type Crop = (typeof CROPS)[number];
export const CROPS = ['multi-scale', 'random-resized', 'inception', 'centre'] as const;

/** How the learning rate runs, before a run's batch and length are known. */
export interface PresetSchedule {
  /** The peak for a global batch of 256: see `scaleLearningRate`. */
  readonly baseLearningRate: number;
  /** The rate at the end, for a global batch of 256. */
  readonly minimumLearningRate: number;
  readonly epochs: number;
  readonly warmupEpochs: number;
  /** @defaultValue a cosine */
  readonly decay?: Decay;
}

/** A stage of a preset: the same model, which sees something else. */
export interface PresetStage {
  readonly name: string;
  /** What makes it the stage that it is: no other setting of a run comes before. */
  readonly clip?: Pick<VideoConfig, 'frames'>;
  readonly mask?: { readonly ratio: number };
  readonly textMask?: { readonly ratio: number };
  /** `[]`: only the clips of the run's own list, no others beside it. */
  readonly data?: { readonly others: readonly never[] };
  /** Its batch and rates, in place of the preset's. */
  readonly recipe?: Partial<Pick<Preset, 'batch' | 'schedule'>>;
}

/** A named starting point of a run: everything that a paper or codebase fixes. */
export interface Preset {
  /** Where the numbers are from, and what was chosen where the source is silent. */
  readonly source: string;
  readonly objective: Objective;
  readonly video: VideoConfig;
  /** Frames between two frames of a clip. */
  readonly stride: number;
  readonly sampling: FrameSampling;
  /** How training clips are cropped. */
  readonly crop: Crop;
  /** Whether clips may be mirrored; captions that say left or right forbid it. */
  readonly flip: boolean;
  readonly encoder: VideoEncoderConfig;
  readonly decoder: DecoderConfig;
  readonly target: TargetKind;
  /** The text encoder; its vocabulary comes with the tokenizer. */
  readonly text: Omit<TextEncoderConfig, 'vocabulary'>;
  /** Tokens of a vocabulary that is trained on the captions. */
  readonly vocabulary: number;
  readonly contrastive: Omit<ContrastiveObjective, 'text'>;
  /** Whether the text side is a frozen teacher, which a run has to name, and no text encoder. */
  readonly teacher?: true;
  readonly mask: MaskConfig;
  readonly textMask: TextMaskConfig;
  readonly optimizer: Required<AdamWConfig>;
  readonly schedule: PresetSchedule;
  /** Clips of a global batch. */
  readonly batch: number;
  /** The run in stages. @defaultValue it is one */
  readonly stages?: readonly PresetStage[];
}

/** The names of the presets. */
export type PresetName = (typeof PRESET_NAMES)[number];
export const PRESET_NAMES = [
  'videomae-vits',
  'videomae-vitb',
  'videomae-vitl',
  'videomae-vith',
  'mac-vitb',
  'mac-vitb-curriculum',
  'flip-vitb',
  'tgm-vitb-k400',
  'tgm-vitb-ssv2',
  'demo',
  'demo-aligner',
  'tiny-mae',
  'tiny-mac',
] as const;

const VIDEOMAE_SOURCE =
  'VideoMAE: sizes of modeling_pretrain.py, recipe of scripts/kinetics (decoder depth 12 for L and H; ' +
  '1,601 epochs for S, L and H, 800 for B, of its 801, 1,601 and 2,401); starts of the code; ' +
  'alignment as TGM (mean of visible tokens, batch-norm head, mean of both directions; temperature 0.1 ' +
  "is this project's choice) with CLIP's text transformer trained from scratch";

/** CLIP's text transformer: causal, the end token stands for the caption. */
const CLIP_TEXT: Preset['text'] = {
  width: 512,
  depth: 12,
  heads: 8,
  length: 32,
  attention: 'causal',
  pool: 'last',
  normEps: 1e-5,
  activation: 'quick-gelu',
  keyBias: true,
};

const ADAMW: Required<AdamWConfig> = { beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.05 };

const TGM_ALIGNMENT: Preset['contrastive'] = {
  temperature: { kind: 'fixed', value: 0.1 },
  directions: 'mean',
  pool: 'mean',
  videoProjection: { kind: 'mlp-bn', width: 512 },
  textProjection: { kind: 'linear', width: 512, bias: false },
};

function videoMae(
  encoder: TransformerConfig,
  decoder: TransformerConfig,
  batch: number,
  epochs: number = 800,
): Preset {
  return {
    source: VIDEOMAE_SOURCE,
    objective: 'mae',
    video: { frames: 16, size: 224, tubelet: 2, patch: 16 },
    stride: 4,
    sampling: 'dense',
    crop: 'multi-scale',
    flip: false,
    encoder,
    decoder,
    target: 'per-cube-channel',
    text: CLIP_TEXT,
    vocabulary: 8192,
    contrastive: TGM_ALIGNMENT,
    mask: { kind: 'tube', ratio: 0.9, rounding: 'floor-masked' },
    // TGM masks no text.
    textMask: { mode: 'replace', ratio: 0 },
    optimizer: ADAMW,
    schedule: {
      baseLearningRate: 1.5e-4,
      minimumLearningRate: 1e-5,
      epochs,
      warmupEpochs: 40,
    },
    batch,
  };
}

/**
 * TGM on Kinetics-400 (stride 4, flip) or Something-Something V2 (stride 2, no flip). Each preset is
 * the row "TGM, MAE + VT" of the paper's tables; every other row is it with two keys changed:
 * - mask: `mask.kind` `tube` (ratio 0.9), `motion-guided` (0.75) or `text-guided` (0.6), each with
 *   its best ratio by the paper (4.6); its ablation is `text-guided-bottom`;
 * - loss: `objective` `mae` (MAE), `contrastive` (VT) or `mae+contrastive` (MAE + VT); figure 4 has
 *   MAE with a loss that is only watched: `mae+contrastive` with `contrastive.weight` 0.
 *
 * Table 9, for fine-tuning: AdamW, rate 5e-4 (SSv2) or 1e-3 (K400) for a batch of 256, decay 0.05,
 * layer decay 0.75, batch 384, 5 of 30 (SSv2) or 75 (K400) epochs of warm-up, repeated augmentation
 * 2, drop path 0.1, flip as above.
 */
function tgm(data: Pick<Preset, 'stride' | 'flip'>): Preset {
  const base = videoMae(
    { width: 768, depth: 12, heads: 12 },
    { width: 384, depth: 4, heads: 6 },
    512,
  );
  return {
    ...base,
    ...data,
    source:
      'TGM: tables 1 and 8, sections 3 and 4.2; rate at the end, betas and sizes as VideoMAE, on which it ' +
      "builds. Temperature 0.1, the mean of both directions and the widths of the head are this project's choices",
    objective: 'mae+contrastive',
    contrastive: {
      ...TGM_ALIGNMENT,
      videoProjection: { kind: 'mlp-bn', width: 512, hidden: 768 },
      textProjection: { kind: 'none', width: 512 },
    },
    teacher: true,
    mask: { kind: 'text-guided', ratio: 0.6, rounding: 'floor-masked' },
    schedule: { ...base.schedule, epochs: 200 },
  };
}

const MAC_ALIGNMENT: Preset['contrastive'] = {
  temperature: { kind: 'fixed', value: 0.05 },
  directions: 'sum',
  pool: 'class',
  videoProjection: { kind: 'linear', width: 256 },
  textProjection: { kind: 'relu-linear', width: 256 },
};

const MAC_DECAY: Decay = { kind: 'steps', at: [0.6, 0.8], factor: 0.1 };

/**
 * MAC as its figure, on the towers and the recipe of the code that it builds on. Where it deviates:
 * - joint attention, since the figure masks each frame by itself, which divided attention cannot have;
 *   the code's own is `encoder.attention` `divided` with `mask.kind` `tube`;
 * - its epoch is one pass over the clips, MCQ's one million of them; no image list and no first stage, which
 *   `mac-vitb-curriculum` has;
 * - towers start from scratch, where the code starts from ImageNet and DistilBERT, and matrices as
 *   VideoMAE's do;
 * - a vocabulary learned from the captions, where DistilBERT brings its own;
 * - mask ratio 0.6 (derived from the printed cost) and text ratio 0.15 (not printed: sweep 0 to 0.5).
 */
const MAC: Preset = {
  source:
    'MAC: figure, README and abstract; Frozen-in-Time for temperature, sum of directions, projections, ' +
    'pooling, crop, flip, positions and AdamW (eps 1e-6, no decay); MCQ stage 2 (4 frames) for batch, rate and ' +
    'steps; DistilBERT for text. Its mask ratio 0.6 is derived, its text ratio 0.15, joint attention, a ' +
    "start from scratch and a vocabulary of one's own are this project's choices",
  objective: 'contrastive',
  video: { frames: 4, size: 224, tubelet: 1, patch: 16 },
  stride: 4,
  sampling: 'tsn',
  crop: 'random-resized',
  flip: true,
  encoder: {
    width: 768,
    depth: 12,
    heads: 12,
    positions: 'learned-zero-slots',
    attention: 'joint',
    classToken: true,
    keyBias: true,
  },
  decoder: { width: 384, depth: 4, heads: 6 },
  target: 'per-cube-channel',
  text: {
    width: 768,
    depth: 6,
    heads: 12,
    length: 32,
    attention: 'full',
    pool: 'first',
    keyBias: true,
    norms: 'after',
    embeddingNorm: true,
    normEps: 1e-12,
  },
  vocabulary: 8192,
  contrastive: MAC_ALIGNMENT,
  mask: { kind: 'random-per-slot', ratio: 0.6, rounding: 'floor-masked' },
  textMask: { mode: 'replace', ratio: 0.15 },
  optimizer: { beta1: 0.9, beta2: 0.999, eps: 1e-6, weightDecay: 0 },
  schedule: {
    // 3e-5 for a batch of 160; a tenth of it from epoch 6 on, and of that from epoch 8 on.
    baseLearningRate: 4.8e-5,
    minimumLearningRate: 0,
    epochs: 10,
    warmupEpochs: 0,
    decay: MAC_DECAY,
  },
  batch: 160,
};

/**
 * MAC by the two stages of MCQ, whose code and data are those that MAC builds on; MAC itself prints four
 * frames and no stages. Stage 1: one frame, of videos and of the pictures in `data.others`; stage 2: four
 * frames, of videos alone. Where it deviates:
 * - lists share each batch by quotas, where MCQ takes turns, a batch from each: `data.mixing` `alternating`;
 *   its batch is then 512 of one list (64 of each on 8 devices);
 * - an epoch is one pass over the clips of all lists, MCQ's one million of them;
 * - as `MAC` above.
 */
const MAC_CURRICULUM: Preset = {
  ...MAC,
  source:
    'MCQ: configs of stage 1 (one frame, batch 512, rate 1e-4, a tenth from epoch 12 and 16 of 20) and stage 2 ' +
    '(four frames, batch 160, rate 3e-5, a tenth from epoch 6 and 8 of 10); model and masks as mac-vitb',
  stages: [
    {
      name: 'one frame',
      clip: { frames: 1 },
      recipe: {
        batch: 512,
        schedule: {
          // 1e-4 for a batch of 512.
          baseLearningRate: 5e-5,
          minimumLearningRate: 0,
          epochs: 20,
          warmupEpochs: 0,
          decay: MAC_DECAY,
        },
      },
    },
    { name: 'four frames', clip: { frames: 4 }, data: { others: [] } },
  ],
};

/** FLIP's "epochs" are of 1.28 million pictures; 32 passes over LAION-400M are 10,000 of them. */
const FLIP_SCHEDULE: PresetSchedule = {
  baseLearningRate: 4e-6,
  minimumLearningRate: 0,
  epochs: 32,
  warmupEpochs: 1,
};

/**
 * FLIP: pictures with captions, half of the patches masked, the text whole; then tuned on whole pictures.
 * `mask.ratio` 0.75 is its other ratio (tuning stays unmasked). Where it deviates:
 * - positions are learned, where FLIP has fixed sines of two dimensions, and start as MAE-ST's;
 * - one norm follows the encoder, then the mean of the patches, without a class token, where FLIP's mean
 *   has its class token in it;
 * - GELU by erf, where FLIP's is the approximation by tanh; matrices start as VideoMAE's;
 * - an epoch is one pass over the list: 10,000 of FLIP's are 32 of LAION-400M, its warm-up of 40 is about 1 at
 *   whole epochs, its tuning of 100 a third of one, here 1;
 * - a batch of 16,384, where FLIP has 65,536, whose frames alone take 9.2 GiB;
 * - the temperature is bounded after each step, where FLIP does it in the forward pass;
 * - the text is read from its first token, which is the mark of the beginning, where FLIP's default has none
 *   and reads the first word; padding is masked; a vocabulary learned from the captions.
 */
const FLIP: Preset = {
  ...MAC,
  source:
    'FLIP: models_flip.py and its configs for masks (0.5, floor of what is kept), AdamW (0.9, 0.95, decay 0.2), ' +
    'rates (4e-6 for 256, tuning 4e-8), crop of 0.5 to 1, 32 tokens, a learned temperature from 0.07, the mean of ' +
    'both directions; learned positions, the pooling without a class token, the batch, the epochs and the starts are ' +
    "this project's choices",
  video: { frames: 1, size: 224, tubelet: 1, patch: 16 },
  flip: false,
  encoder: {
    width: 768,
    depth: 12,
    heads: 12,
    positions: 'learned-zero-slots',
    attention: 'joint',
    keyBias: true,
  },
  text: {
    width: 512,
    depth: 12,
    heads: 8,
    length: 32,
    attention: 'full',
    pool: 'first',
    keyBias: true,
  },
  contrastive: {
    temperature: { kind: 'learned', initial: 0.07, maximumScale: 100 },
    directions: 'mean',
    pool: 'mean',
    videoProjection: { kind: 'linear', width: 512, bias: false },
    textProjection: { kind: 'linear', width: 512, bias: false },
  },
  mask: { kind: 'random', ratio: 0.5, rounding: 'floor-visible' },
  textMask: { mode: 'replace', ratio: 0 },
  optimizer: { beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.2 },
  schedule: FLIP_SCHEDULE,
  batch: 16_384,
  stages: [
    { name: 'masked' },
    {
      name: 'whole',
      mask: { ratio: 0 },
      recipe: {
        schedule: { ...FLIP_SCHEDULE, baseLearningRate: 4e-8, epochs: 1, warmupEpochs: 0 },
      },
    },
  ],
};

const DEMO: Preset = {
  ...videoMae({ width: 128, depth: 2, heads: 4 }, { width: 64, depth: 1, heads: 2 }, 32),
  // Its rates were found with these starts.
  encoder: { width: 128, depth: 2, heads: 4, patchStart: 'xavier' },
  decoder: { width: 64, depth: 1, heads: 2, embedStart: 'xavier' },
  source:
    'made for the demo: small enough to learn from moving shapes on two CPU cores in a minute',
  objective: 'mae+contrastive',
  video: { frames: 4, size: 64, tubelet: 2, patch: 8 },
  stride: 3,
  crop: 'centre',
  text: { width: 128, depth: 1, heads: 4, length: 24, attention: 'full', pool: 'first' },
  vocabulary: 512,
  contrastive: {
    ...TGM_ALIGNMENT,
    videoProjection: { kind: 'linear', width: 64 },
    textProjection: { kind: 'linear', width: 64 },
  },
  mask: { kind: 'tube', ratio: 0.75, rounding: 'floor-masked' },
  schedule: { baseLearningRate: 8e-3, minimumLearningRate: 0, epochs: 4, warmupEpochs: 1 },
};

/**
 * Frames as clips: its patches serve as a teacher of text-guided masks (`openRunAligner`). Nine of ten
 * tokens are masked, so that few patches, and at last one, must say what they show.
 */
const DEMO_ALIGNER: Preset = {
  ...DEMO,
  source: 'made for the demo: learns in a minute on two CPU cores what single patches show',
  objective: 'contrastive',
  video: { frames: 1, size: 64, tubelet: 1, patch: 8 },
  crop: 'multi-scale',
  // There is no final norm, so the token of a patch without content can be short, and then it counts
  // little in the mean over tokens.
  encoder: { width: 64, depth: 1, heads: 4, finalNorm: false, patchStart: 'xavier' },
  text: { ...DEMO.text, width: 64, depth: 1, length: 64 },
  contrastive: {
    ...TGM_ALIGNMENT,
    videoProjection: { kind: 'linear', width: 64, bias: false },
    textProjection: { kind: 'linear', width: 64, bias: false },
  },
  mask: { kind: 'random-per-slot', ratio: 0.9, rounding: 'floor-masked' },
  schedule: { ...DEMO.schedule, baseLearningRate: 1.2e-2, epochs: 10 },
  batch: 64,
};

const TINY_MAE: Preset = {
  ...videoMae({ width: 16, depth: 1, heads: 2 }, { width: 8, depth: 1, heads: 1 }, 4),
  source: 'made for tests: every part of VideoMAE with alignment, as small as can be',
  objective: 'mae+contrastive',
  video: { frames: 4, size: 16, tubelet: 2, patch: 4 },
  stride: 1,
  text: { width: 16, depth: 1, heads: 2, length: 12 },
  vocabulary: 300,
  contrastive: {
    ...TGM_ALIGNMENT,
    videoProjection: { kind: 'mlp-bn', width: 8 },
    textProjection: { kind: 'linear', width: 8 },
  },
  mask: { kind: 'tube', ratio: 0.5, rounding: 'floor-masked' },
  schedule: { baseLearningRate: 6.4e-2, minimumLearningRate: 0, epochs: 4, warmupEpochs: 1 },
};

const TINY_MAC: Preset = {
  ...MAC,
  source: 'made for tests: every part of MAC, as small as can be',
  video: { frames: 3, size: 16, tubelet: 1, patch: 4 },
  stride: 1,
  encoder: { ...MAC.encoder, width: 16, depth: 1, heads: 2 },
  decoder: { width: 8, depth: 1, heads: 1 },
  text: { ...MAC.text, width: 16, depth: 1, heads: 2, length: 12 },
  vocabulary: 300,
  contrastive: {
    ...MAC_ALIGNMENT,
    videoProjection: { kind: 'linear', width: 8 },
    textProjection: { kind: 'relu-linear', width: 8 },
  },
  schedule: {
    baseLearningRate: 6.4e-2,
    minimumLearningRate: 0,
    epochs: 4,
    warmupEpochs: 1,
    decay: MAC_DECAY,
  },
  batch: 4,
};

/** Every preset. The batches of VideoMAE are those of its scripts, for many GPUs: override them. */
export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  'videomae-vits': videoMae(
    { width: 384, depth: 12, heads: 6 },
    { width: 192, depth: 4, heads: 3 },
    1024,
    1601,
  ),
  'videomae-vitb': videoMae(
    { width: 768, depth: 12, heads: 12 },
    { width: 384, depth: 4, heads: 6 },
    2048,
  ),
  'videomae-vitl': videoMae(
    { width: 1024, depth: 24, heads: 16 },
    { width: 512, depth: 12, heads: 8 },
    512,
    1601,
  ),
  'videomae-vith': videoMae(
    { width: 1280, depth: 32, heads: 16 },
    { width: 640, depth: 12, heads: 8 },
    1024,
    1601,
  ),
  'mac-vitb': MAC,
  'mac-vitb-curriculum': MAC_CURRICULUM,
  'flip-vitb': FLIP,
  'tgm-vitb-k400': tgm({ stride: 4, flip: true }),
  'tgm-vitb-ssv2': tgm({ stride: 2, flip: false }),
  demo: DEMO,
  'demo-aligner': DEMO_ALIGNER,
  'tiny-mae': TINY_MAE,
  'tiny-mac': TINY_MAC,
};

/** @throws LacunaError that lists the presets that exist. */
export function presetNamed(name: string): Preset {
  if (Object.hasOwn(PRESETS, name)) return PRESETS[name as PresetName];
  throw new LacunaError({
    what: 'there is no preset of this name',
    where: 'preset',
    got: `'${name}'`,
    expected: `one of ${PRESET_NAMES.join(', ')}`,
  });
}

import type { Precision } from '../../core/backend.js';
import type { CameraMotion, MotionSource } from '../../data/index.js';
import type {
  DecoderConfig,
  InfoNceConfig,
  ProjectionConfig,
  ReconstructionLossName,
  TargetKind,
  TextEncoderConfig,
  VideoConfig,
  VideoEncoderConfig,
} from '../../spec/index.js';
import type { MaskConfig } from '../../spec/masking/draw-mask.js';
import type { FrameAggregation } from '../../spec/masking/similarity-map.js';
import type { TextMaskConfig } from '../../spec/masking/text-mask.js';
import type { Objective, PresetName } from '../../spec/model/presets.js';
import type { AdamWConfig } from '../../spec/optim/adamw.js';
import type { LossScaling } from '../../spec/optim/loss-scaling.js';

/** The videos and captions of a run. */
export interface DataConfig {
  /** The list of clips: JSON Lines or a VideoMAE list. */
  readonly list: string;
  /** The folder that the paths of the list start from. @defaultValue the list's own folder */
  readonly root?: string;
  /** Threads that decode. @defaultValue 2: with 1, a ViT-S step on 2 cores waits for 11 % of its time */
  readonly workers?: number;
  /** A `tokenizer.json` to use. @defaultValue none: one is trained on the captions */
  readonly tokenizer?: string;
  /** The folder of similarity maps that text-guided masks are drawn from: see `lacuna similarity`. */
  readonly similarity?: string;
}

/** The video mask of a run. */
export interface RunMaskConfig extends Required<MaskConfig> {
  /** How the similarity maps of a tubelet's frames become its slot's. @defaultValue 'mean' */
  readonly frames?: FrameAggregation;
  /** How motion is measured; there for the masks that it guides. */
  readonly motion?: MotionConfig;
}

/** A clip and how its frames are chosen from a video. */
export interface ClipConfig extends Pick<VideoConfig, 'frames' | 'size' | 'tubelet' | 'patch'> {
  /** Frames between two frames of a clip (`dense`). */
  readonly stride: number;
  /** `dense`: neighbours at the stride (VideoMAE). `tsn`: one of each of T equal segments. */
  readonly sampling: 'dense' | 'tsn';
  /** `multi-scale`: VideoMAE's MultiScaleCrop. `centre`: always the middle square. */
  readonly crop: 'multi-scale' | 'centre';
  readonly flip: boolean;
}

/** The text encoder of a run. */
export interface TextConfig extends Omit<TextEncoderConfig, 'vocabulary'> {
  /** Tokens of a vocabulary that is trained on the captions; a loaded tokenizer has its own. */
  readonly vocabulary: number;
}

export interface MaeConfig {
  readonly target: TargetKind;
  /** @defaultValue 'mean-squared' */
  readonly loss?: ReconstructionLossName;
  /** The factor of its loss. */
  readonly weight: number;
}

export interface ContrastiveConfig extends InfoNceConfig {
  readonly directions: 'mean' | 'sum';
  readonly pool: 'mean' | 'class';
  readonly videoProjection: ProjectionConfig;
  readonly textProjection: ProjectionConfig;
  /** The factor of its loss; 0 reports it without optimising it. */
  readonly weight: number;
  /**
   * The folder of a frozen teacher, whose embeddings then stand for the captions (TGM). Without a
   * projection of text they are used as they are, and the shared space is the teacher's.
   * @defaultValue none: a text encoder is trained along
   */
  readonly teacher?: string;
  /** E, the width of the teacher's embeddings; known, and recorded, once it was opened. */
  readonly teacherWidth?: number;
}

/** The run's length and its learning rate; both rates are for a global batch of 256. */
export interface ScheduleConfig {
  readonly baseLearningRate: number;
  readonly minimumLearningRate: number;
  /** How long the run is: in epochs, or in steps. */
  readonly epochs?: number;
  readonly steps?: number;
  /** How long the warm-up is. @defaultValue the preset's share of the run */
  readonly warmupEpochs?: number;
  readonly warmupSteps?: number;
  /** See `WarmupCosine`. */
  readonly warmup: 'videomae' | 'mae';
}

/** How motion is measured for a mask that needs a map of it. */
export interface MotionConfig {
  /**
   * For `motion-guided` a `MotionSource`. For `flow-warped` `block-matching`, or `raft`: a model of
   * optical flow. @defaultValue `auto`; for `flow-warped` `raft` where one is named, and else
   * `block-matching`
   */
  readonly source: MotionSource | 'raft';
  /** The ONNX file of that model: see `FlowModel`. */
  readonly raft?: string;
  /** The SHA-256 of that file, hex; known, and recorded, once it was opened. */
  readonly raftDigest?: string;
  /** Whether motion that the whole picture shares counts (`motion-guided`). @defaultValue `keep` */
  readonly camera: CameraMotion;
}

export interface CheckpointConfig {
  /** Steps between two checkpoints; one more is written at the end. */
  readonly everySteps: number;
  /** How many of the newest stay. */
  readonly keep: number;
}

export interface BackendConfig {
  readonly name: string;
  readonly device?: string;
  readonly threads?: number;
  /** @defaultValue `f32` */
  readonly precision?: Precision;
}

/**
 * A run with every choice made: what the manifest records, and what a resumed run goes by. Each
 * method choice on which papers and codebases disagree is a value here.
 */
export interface RunSettings {
  readonly preset: PresetName;
  readonly objective: Objective;
  readonly data: DataConfig;
  /** The run folder. */
  readonly output: string;
  readonly seed: number;
  readonly clip: ClipConfig;
  readonly encoder: VideoEncoderConfig;
  readonly decoder: DecoderConfig;
  readonly mae: MaeConfig;
  readonly text: TextConfig;
  readonly contrastive: ContrastiveConfig;
  readonly mask: RunMaskConfig;
  readonly textMask: Required<TextMaskConfig>;
  /** `shuffled` gives each clip the captions of another, the same throughout: a control that must not learn. */
  readonly pairing: 'own' | 'shuffled';
  /** Clips of a global batch. */
  readonly batch: number;
  /** Into how many parts a step cuts its batch (objective `mae` only). */
  readonly microbatches: number;
  readonly optimizer: Required<AdamWConfig>;
  readonly schedule: ScheduleConfig;
  /** Whether each step's metrics have the norm of all gradients. */
  readonly gradientNorm: boolean;
  /** Keeps small gradients from being lost where products read f16. Old manifests have none. */
  readonly lossScaling: LossScaling;
  readonly checkpoints: CheckpointConfig;
  readonly backend: BackendConfig;
}

/** All keys optional, at every depth of plain objects. */
export type Overrides<T> = {
  readonly [K in keyof T]?: NonNullable<T[K]> extends object ? Overrides<NonNullable<T[K]>> : T[K];
};

/** What a person writes: the data, the run folder, and what differs from the preset. */
export interface RunConfig
  extends Overrides<Omit<RunSettings, 'data' | 'output' | 'contrastive' | 'lossScaling'>> {
  readonly data: DataConfig;
  readonly output: string;
  readonly contrastive?: Overrides<Omit<ContrastiveConfig, 'temperature'>> &
    Partial<Pick<ContrastiveConfig, 'temperature'>>;
  /** @defaultValue `{ kind: 'none' }`, in mixed precision `{ kind: 'dynamic' }` */
  readonly lossScaling?: LossScaling;
}

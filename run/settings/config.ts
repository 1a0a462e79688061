import type { TextMaskConfig } from '../../spec/masking/text-mask.js';
import type { DecoderConfig } from '../../spec/model/decoder.js';
import type { Objective, PresetName } from '../../spec/model/presets.js';
import type { AdamWConfig } from '../../spec/optim/adamw.js';
import type { LossScaling } from '../../spec/optim/loss-scaling.js';
import type { BackendConfig } from './backend.js';
import type { CheckpointConfig } from './checkpoints.js';
import type { ClipConfig, ClipOverrides } from './clip.js';
import type { ContrastiveConfig, ContrastiveOverrides } from './contrastive.js';
import type { DataConfig } from './data.js';
import type { EvaluationConfig, EvaluationSettings } from './evaluation.js';
import type { FinetuningSettings } from './finetuning.js';
import type { MaeConfig } from './mae.js';
import type { RunMaskConfig } from './mask.js';
import type { ScheduleConfig, ScheduleOverrides } from './schedule.js';
import type { Overrides } from './section.js';
import type { StageConfig, StageSettings } from './stages.js';
import type { EncoderConfig, TextConfig } from './towers.js';

/** `shuffled` gives each clip the captions of another, the same throughout: a control that must not learn. */
export type Pairing = (typeof PAIRINGS)[number];
export const PAIRINGS = ['own', 'shuffled'] as const;

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
  readonly encoder: EncoderConfig;
  readonly decoder: DecoderConfig;
  readonly mae: MaeConfig;
  readonly text: TextConfig;
  readonly contrastive: ContrastiveConfig;
  readonly mask: RunMaskConfig;
  readonly textMask: Required<TextMaskConfig>;
  readonly pairing: Pairing;
  /** Clips of a global batch. */
  readonly batch: number;
  /** Into how many equal parts a step cuts its batch, to need less memory: `partedPlan`. */
  readonly microbatches: number;
  /**
   * Whether what can be made again in time for its gradient does not lie in memory until then: GELU, on ONNX Runtime; other
   * backends do the same either way. Bits may differ. @defaultValue false
   */
  readonly recompute?: boolean;
  readonly optimizer: Required<AdamWConfig>;
  readonly schedule: ScheduleConfig;
  /** Whether each step's metrics have the norm of all gradients. */
  readonly gradientNorm: boolean;
  /** Keeps small gradients from being lost where products read f16. Old manifests have none. */
  readonly lossScaling: LossScaling;
  readonly checkpoints: CheckpointConfig;
  /** Whether the run folder gets event files for TensorBoard, too. @defaultValue false */
  readonly tensorboard?: boolean;
  /** Whether the run folder says of each step which samples it learned from: `samples.jsonl`. @defaultValue false */
  readonly ledger?: boolean;
  /** The project of Trackio that is told of the run, too. @defaultValue none */
  readonly trackio?: string;
  /** What the model is worth in between. @defaultValue none: it is not judged */
  readonly evaluation?: EvaluationSettings;
  readonly backend: BackendConfig;
  /** How a classifier is fine-tuned, of `lacuna finetune` alone. @defaultValue none: it is pretrained */
  readonly finetuning?: FinetuningSettings;
  /** The run in stages, one after the other. @defaultValue none: it is one */
  readonly stages?: readonly StageSettings[];
}

/** What a person writes: the data, the run folder, and what differs from the preset. */
export interface RunConfig
  extends Overrides<
    Omit<
      RunSettings,
      | 'data'
      | 'output'
      | 'clip'
      | 'contrastive'
      | 'schedule'
      | 'lossScaling'
      | 'evaluation'
      | 'finetuning'
      | 'stages'
    >
  > {
  readonly data: DataConfig;
  readonly output: string;
  readonly clip?: ClipOverrides;
  readonly evaluation?: EvaluationConfig;
  readonly contrastive?: ContrastiveOverrides;
  readonly schedule?: ScheduleOverrides;
  readonly stages?: readonly StageConfig[];
  readonly finetuning?: Overrides<FinetuningSettings>;
  /** @defaultValue `{ kind: 'none' }`, in mixed precision `{ kind: 'dynamic' }` */
  readonly lossScaling?: LossScaling;
}

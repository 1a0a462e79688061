import type { ProbeHead } from './probe-recipes.js';
import type { BackendConfig } from './settings/backend.js';
import type { CheckpointConfig } from './settings/checkpoints.js';
import type { RunSettings } from './settings/config.js';

/** What the manifest of any run says: everything that its results depend on. */
export interface ManifestBase {
  readonly format: 1;
  /** What is trained. @defaultValue pretraining */
  readonly task?: TaskName;
  readonly lacuna: string;
  /** ISO 8601. */
  readonly created: string;
  /** The folder that the relative paths of the settings start from. Old manifests have none. */
  readonly workingFolder?: string;
  readonly backend: BackendRecord;
  readonly node: string;
  readonly platform: string;
  readonly data: DataDigest;
  readonly parameters: number;
  /** SHA-256 of the text of each of the plan's programs. */
  readonly programs: Readonly<Record<string, string>>;
}

/** What computes a run. */
export interface BackendRecord {
  readonly name: string;
  readonly version: string;
  readonly device: string;
  readonly contract: string;
  readonly deterministic: boolean;
  /** Devices that share a batch, of all processes, and processes. @defaultValue 1 */
  readonly devices?: number;
  readonly processes?: number;
  /** Weights and moments lay in parts on the devices. @defaultValue whole on each */
  readonly shardedState?: true;
}

export interface DataDigest {
  readonly clips: number;
  /** SHA-256 of the records. */
  readonly digest: string;
  /** Of the lists that share the batches, in their order. @defaultValue none */
  readonly others?: readonly DataDigest[];
}

/** What a run has of each of its stages. */
export interface StageRecord {
  readonly name: string;
  /** How many steps it has. */
  readonly steps: number;
  readonly data: DataDigest;
  readonly tokens: RunManifest['tokens'];
  readonly programs: Readonly<Record<string, string>>;
}

/** What a run took of a folder of weights. */
export interface WeightRecord {
  /** As it was named when the run began; it is not needed again. */
  readonly folder: string;
  /** What the model is: `ViT`. */
  readonly model: string;
  readonly towers: readonly ('video' | 'text')[];
  /** SHA-256 of its files' names and digests. */
  readonly digest: string;
  /** Tensors of the run's model that begin with these weights. */
  readonly taken: number;
  /** Those that are drawn all the same; `{i}` stands for the number of a block. */
  readonly anew: NameCount;
  /** Those of the folder that nothing here reads. */
  readonly leftOut: NameCount;
}

export interface NameCount {
  readonly count: number;
  readonly names: readonly string[];
}

/** The manifest of a pretraining run. */
export interface RunManifest extends ManifestBase {
  readonly task?: 'pretrain';
  readonly settings: RunSettings;
  /** Rows of the token table; 0 without a text encoder. */
  readonly vocabulary: number;
  /** The frozen teacher, where there is one. */
  readonly teacher?: { readonly name: string; readonly digest: string };
  /** The digest of the store of similarity maps, where masks are drawn from one. */
  readonly similarity?: string;
  /** SHA-256 of the tokenizer that it reads its captions with: `tokenizer.json`. Old manifests have none. */
  readonly tokenizer?: string;
  /** The clips of the section `evaluation`. Old manifests have none. */
  readonly evaluation?: DataDigest;
  /** Where its first weights came from. @defaultValue all were drawn */
  readonly weights?: {
    readonly from: readonly WeightRecord[];
    /** Its `initial.safetensors`, which holds what was taken. */
    readonly initial: { readonly bytes: number; readonly sha256: string };
  };
  /** Each time that the run was made longer: how many steps it was to have before, and then. */
  readonly extended?: readonly { readonly fromSteps: number; readonly toSteps: number }[];
  /**
   * Where it went on with another backend, device or contract, or with other numbers of devices and processes: after
   * which step, and with what. The order of its samples is the same; the last bits of what was computed from there on
   * are not.
   */
  readonly continued?: readonly { readonly step: number; readonly backend: BackendRecord }[];
  /**
   * Its stages, in their order; `data`, `tokens` and `programs` are then those of the first.
   * @defaultValue it is one
   */
  readonly stages?: readonly StageRecord[];
  /** Tokens that the encoder sees of a clip, and those that it does not. */
  readonly tokens: { readonly visible: number; readonly masked: number };
}

/** A probe with every choice made. */
export interface ProbeSettings {
  /** The folder of the run whose encoder is probed. */
  readonly run: string;
  /** The clips to learn from, a list or a folder whose folders are the classes. */
  readonly data: ProbeData;
  /** The clips to judge by. @defaultValue every fifth clip of each class of `data` */
  readonly test?: ProbeData;
  /** Which class of clips that have several. @defaultValue each has one */
  readonly label?: string;
  /** The folder of the probe itself. */
  readonly output: string;
  /** Of the first weights. */
  readonly seed: number;
  /** What is trained on the features. @defaultValue `linear` */
  readonly head?: ProbeHead;
  /** Steps over all clips that are learned from. With `epochs` they follow from the clips. */
  readonly steps: number;
  readonly epochs?: number;
  /** Clips of a step. @defaultValue all */
  readonly batch?: number;
  /** The first of the rates. */
  readonly learningRate: number;
  /**
   * The highest rates that are tried, each with each decay; the rest of the schedule is that of the recipe
   * (`PROBE_RECIPES`). @defaultValue `learningRate` alone
   */
  readonly rates?: readonly number[];
  /** @defaultValue [0] */
  readonly decays?: readonly number[];
  /** Numbers of neighbours that are tried. */
  readonly neighbours?: readonly number[];
  /** Blocks of an attentive head. @defaultValue 4 */
  readonly blocks?: number;
  /** Steps between two looks at the clips to judge by; one more comes after the last. */
  readonly evaluateEvery: number;
  readonly checkpoints: CheckpointConfig;
  readonly backend: BackendConfig;
}

export interface ProbeData {
  readonly path: string;
  /** The folder that a list's paths start from. @defaultValue the list's own */
  readonly root?: string;
  /** Whether links in it may lead out of it. @defaultValue false */
  readonly followLinks?: boolean;
  /** What of a list is taken: see `ListConfig`. */
  readonly split?: string;
  readonly video?: string;
  readonly parts?: boolean;
}

/** The manifest of a probe. */
export interface ProbeManifest extends ManifestBase {
  readonly task: 'linear-probe';
  readonly settings: ProbeSettings;
  /** The clips that it is judged by; those of `data` are learned from. */
  readonly test: DataDigest;
  /** In the order of the logits. */
  readonly classes: readonly string[];
  /** D, the width of a feature. */
  readonly width: number;
  /** K, where a head reads all tokens of a clip. */
  readonly tokens?: number;
  /** The attention heads of such a head: those of the encoder. */
  readonly heads?: number;
  /** What the features are of, in words. Old manifests have none. */
  readonly made?: string;
  /** SHA-256 of the features and their labels, which are in `features.safetensors`. */
  readonly features: string;
}

/** The classes of a head of a classifier, in the order of its logits. */
export interface HeadClasses {
  /** What it tells: `label`, or `verb`. */
  readonly name: string;
  readonly classes: readonly string[];
}

/** The manifest of a fine-tuned classifier. */
export interface FinetuneManifest extends ManifestBase {
  readonly task: 'finetune';
  /** With the section `finetuning`; what they say of masks, text and losses is not read. */
  readonly settings: RunSettings;
  readonly heads: readonly HeadClasses[];
  /** The clips of the section `evaluation`. @defaultValue it is not judged while it is trained */
  readonly evaluation?: DataDigest;
  /** Where its first weights came from. @defaultValue all were drawn */
  readonly weights?: NonNullable<RunManifest['weights']>;
}

/** The manifest of each task. */
export interface Manifests {
  readonly pretrain: RunManifest;
  readonly 'linear-probe': ProbeManifest;
  readonly finetune: FinetuneManifest;
}
export type TaskName = keyof Manifests;

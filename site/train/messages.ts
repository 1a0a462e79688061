import type { StepEvaluation, StepMetrics } from '../../run/index.js';
import type { RunOptions } from './run-options.js';

/** What the page asks of its worker. */
export type ToTrainer =
  | { readonly kind: 'begin'; readonly options: RunOptions }
  /** The bytes of a tar with a run in it. */
  | { readonly kind: 'open'; readonly tar: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'pause' | 'go-on' | 'download' };

/**
 * Where a run is: `preparing` what it begins with, `training`, `pausing` until the step is done, `paused`, `finished`;
 * `failed` with what lies in its last checkpoint, if any.
 */
export type RunState = 'preparing' | 'training' | 'pausing' | 'paused' | 'finished' | 'failed';

/** Pictures of a held-out clip, each a row of frames. */
export interface ClipPictures {
  readonly id: string;
  readonly caption: string;
  readonly strips: readonly {
    readonly title: string;
    readonly note: string;
    readonly png: string;
  }[];
}

/** What holds memory: all of it is the same after every step. */
export interface MemoryCounts {
  /** Tensors that live on the device. */
  readonly tensors: number;
  /** Buffers of the device in use, and ever made. */
  readonly buffers: number;
  readonly buffersMade: number;
}

/** What the worker tells of a run. */
export type FromTrainer =
  | {
      readonly kind: 'state';
      readonly state: RunState /** Why it failed. */;
      readonly problem?: string;
    }
  /** What it is doing before it trains. */
  | { readonly kind: 'doing'; readonly text: string }
  | { readonly kind: 'device'; readonly name: string; readonly isSoftware: boolean }
  /** Another run is in the place of the one before, which is gone. */
  | { readonly kind: 'opened' }
  /** It trains from here on; `metrics` and `evaluations` are of the steps before. */
  | {
      readonly kind: 'ready';
      readonly steps: number;
      readonly doneSteps: number;
      readonly metrics: readonly StepMetrics[];
      readonly evaluations: readonly StepEvaluation[];
    }
  | { readonly kind: 'step'; readonly line: StepMetrics; readonly memory: MemoryCounts }
  | { readonly kind: 'evaluation'; readonly line: StepEvaluation }
  | { readonly kind: 'pictures'; readonly step: number; readonly clips: readonly ClipPictures[] }
  | { readonly kind: 'checkpoint'; readonly step: number }
  | { readonly kind: 'note'; readonly text: string }
  /** The run, to keep: it goes on from the checkpoint of this step. */
  | { readonly kind: 'tar'; readonly tar: Uint8Array<ArrayBuffer>; readonly step: number };

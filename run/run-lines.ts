import { z } from 'zod';
import { MAX_LINE_BYTES } from '../formats/line-file.js';

/** One line of `metrics.jsonl`. */
export interface StepMetrics {
  /** Counted from 1. */
  readonly step: number;
  readonly epoch: number;
  /**
   * `loss`, `loss.mae`, `loss.contrastive`, `grad_norm`, `loss_scale`, `skipped`, as the plan returns
   * them; a skipped step has no `grad_norm` where that is no number.
   */
  readonly metrics: Readonly<Record<string, number>>;
  readonly learningRate: number;
  /** Seconds of the whole step, waiting included. */
  readonly stepSeconds: number;
  /** Seconds that it waited for its batch to be read: of what the step before it did not hide. */
  readonly waitSeconds: number;
  /** Of how many clips the motion was taken from where, for the masks that are guided by it. */
  readonly motion?: {
    readonly codec: number;
    readonly blockMatching: number;
    /** Only in runs that measure it by a model of optical flow. */
    readonly raft?: number;
  };
}

/** One line of `evaluations.jsonl`: what the model was worth after a step. */
export interface StepEvaluation {
  /** Steps that were done. */
  readonly step: number;
  readonly evaluator: string;
  /** By name; the first is the one that a progress line shows. */
  readonly scores: Readonly<Record<string, number>>;
  /** What the scores depend on beside the model. Old runs have none. */
  readonly protocol?: string;
}

/** One line of `samples.jsonl`: samples that a step learned from, those of its rows from `first` on. */
export interface StepSamples {
  /** Counted from 1. */
  readonly step: number;
  readonly first: number;
  /** Their ids, in the order of the rows. */
  readonly samples: readonly string[];
}

/** One line of `problems.jsonl`: a clip that could not be used. */
export interface DataProblem {
  readonly id: string;
  readonly reason: string;
  /** The clip was used all the same: it lacks some of its frames. */
  readonly used?: true;
}

/** A line has room for so many ids, and for so many bytes of them: for any one id, and less than a line may have. */
const MAX_SAMPLES_OF_A_LINE = 64;
const MAX_SAMPLES_BYTES = MAX_LINE_BYTES / 2;

/** The ids of a step as the lines of `samples.jsonl` have them. */
export function samplesOfLines(ids: readonly string[]): readonly (readonly string[])[] {
  const lines: string[][] = [];
  let room = 0;
  for (const id of ids) {
    const bytes = Buffer.byteLength(JSON.stringify(id)) + 1;
    room -= bytes;
    const last = lines.at(-1);
    if (last !== undefined && room >= 0 && last.length < MAX_SAMPLES_OF_A_LINE) {
      last.push(id);
    } else {
      lines.push([id]);
      room = MAX_SAMPLES_BYTES - bytes;
    }
  }
  return lines;
}

// JSON has no NaN: it is written as null.
const numberOrNaN = z.union([z.number(), z.null().transform(() => Number.NaN)]);
const numbers = z.record(z.string().max(256), numberOrNaN);
const count = z.int().min(0);
const step = z.int().min(0);

const METRICS: z.ZodType<StepMetrics> = z.strictObject({
  step,
  epoch: count,
  metrics: numbers,
  learningRate: z.number(),
  stepSeconds: z.number(),
  waitSeconds: z.number(),
  motion: z
    .strictObject({ codec: count, blockMatching: count, raft: count.exactOptional() })
    .exactOptional(),
});

const EVALUATION: z.ZodType<StepEvaluation> = z.strictObject({
  step,
  evaluator: z.string().max(256),
  scores: numbers,
  protocol: z.string().max(4096).exactOptional(),
});

const SAMPLES: z.ZodType<StepSamples> = z.strictObject({
  step,
  first: count,
  samples: z.array(z.string().max(65_536)).max(MAX_SAMPLES_OF_A_LINE),
});

const PROBLEM: z.ZodType<DataProblem> = z.strictObject({
  id: z.string().max(65_536),
  reason: z.string().max(65_536),
  used: z.literal(true).exactOptional(),
});

/** Each returns what a line holds, or undefined for one that is none of its file. */
export const parseMetrics = (value: unknown): StepMetrics | undefined =>
  METRICS.safeParse(value).data;
export const parseEvaluation = (value: unknown): StepEvaluation | undefined =>
  EVALUATION.safeParse(value).data;
export const parseSamples = (value: unknown): StepSamples | undefined =>
  SAMPLES.safeParse(value).data;
export const parseProblem = (value: unknown): DataProblem | undefined =>
  PROBLEM.safeParse(value).data;

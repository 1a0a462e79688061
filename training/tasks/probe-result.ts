import { join } from 'node:path';
import { z } from 'zod';
import type { Confusion, ProbeScores } from '../../evaluation/index.js';
import { readOwnFile } from '../../formats/own-file.js';
import { sealJson, unsealJson } from '../../formats/sealed-json.js';
import { replaceFile } from '../../formats/whole-file.js';
import type { ProbeChoice } from '../../run/probe-recipes.js';
import { PROBE_HEADS, type ProbeHead } from '../../run/probe-recipes.js';
import { LacunaError } from '../../spec/index.js';

/** What a probe came to: what `--json` prints, and `result.json` in its folder holds. */
export interface ProbeOutcome {
  readonly format: 1;
  readonly lacuna: string;
  readonly head: ProbeHead;
  /** Everything that the numbers depend on beside the model, in a sentence. */
  readonly protocol: string;
  readonly scores: ProbeScores;
  /** Which intervals they are. */
  readonly interval: string;
  readonly clips: { readonly train: number; readonly test: number };
  readonly classes: readonly string[];
  /** How the head was chosen, where there were several to choose from. */
  readonly choice?: ProbeChoiceOutcome;
  /** The cells of the confusion matrix on the test clips that are not 0. */
  readonly confusion: readonly Confusion[];
}

export interface ProbeChoiceOutcome {
  /** Clips that it was chosen by: of those to learn from. */
  readonly clips: number;
  readonly highest: number;
  readonly lowest: number;
  readonly mean: number;
  /** The standard deviation over candidates. */
  readonly deviation: number;
  readonly candidates: readonly (Partial<ProbeChoice> & {
    readonly neighbours?: number;
    readonly top1: number;
  })[];
  /** The place of the one that was taken. */
  readonly chosen: number;
}

const RESULT = 'result.json';
const MAX_BYTES = 2 ** 27;

const text = z.string().max(65_536);
const share = z.number().min(0).max(1);
const count = z.int().min(0);
const interval = z.strictObject({ share, low: share, high: share });
const OUTCOME: z.ZodType<ProbeOutcome> = z.strictObject({
  format: z.literal(1),
  lacuna: text,
  head: z.enum(PROBE_HEADS),
  protocol: text,
  scores: z.strictObject({
    top1: interval,
    top5: interval,
    trainTop1: share,
    chance: share,
    majority: share,
  }),
  interval: text,
  clips: z.strictObject({ train: count, test: count }),
  classes: z.array(text).max(100_000),
  choice: z
    .strictObject({
      clips: count,
      highest: share,
      lowest: share,
      mean: share,
      deviation: share,
      candidates: z
        .array(
          z.strictObject({
            rate: z.number().exactOptional(),
            decay: z.number().exactOptional(),
            neighbours: count.exactOptional(),
            top1: share,
          }),
        )
        .max(4096),
      chosen: count,
    })
    .exactOptional(),
  confusion: z.array(z.strictObject({ right: text, named: text, clips: count })).max(10_000_000),
});

/** Writes it, whole or not at all. */
export async function writeProbeOutcome(folder: string, outcome: ProbeOutcome): Promise<void> {
  await replaceFile(join(folder, RESULT), sealJson(outcome));
}

/**
 * What the probe in a folder came to; undefined where it has not ended.
 * @throws LacunaError where the file is damaged.
 */
export async function readProbeOutcome(folder: string): Promise<ProbeOutcome | undefined> {
  const path = join(folder, RESULT);
  const bytes = await readOwnFile(path, MAX_BYTES);
  if (bytes === undefined) return undefined;
  try {
    return OUTCOME.parse(unsealJson(bytes.toString('utf8')));
  } catch (cause) {
    throw new LacunaError(
      {
        where: path,
        what: 'what this probe came to is damaged',
        fix: 'Remove the file and continue the probe: lacuna probe --resume FOLDER',
      },
      { cause },
    );
  }
}

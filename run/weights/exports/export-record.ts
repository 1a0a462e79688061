import { basename, resolve } from 'node:path';
import type { Written } from '../../../formats/index.js';
import { readEvaluations, readMetrics } from '../../run-folder.js';
import type { StepEvaluation } from '../../run-lines.js';
import { withoutFolders } from '../../without-folders.js';
import { grouped } from '../grouped-names.js';
import type { ExportedRun } from './exported-run.js';

/** What an export tells of itself and of its run: `lacuna.json`. */
export interface ExportRecord {
  readonly format: 1;
  /** hf, torch or onnx. */
  readonly kind: string;
  /** What was written: a class of transformers, or the names of encoders. */
  readonly model: string;
  /** Steps that the run had done. */
  readonly step: number;
  readonly files: Readonly<Record<string, Written>>;
  /** Tensors of the run that the export has no place for; `{i}` stands for the number of a block. */
  readonly leftOut: { readonly count: number; readonly names: readonly string[] };
  /** The run's manifest; of paths only the last part is kept. */
  readonly manifest: unknown;
  /** What the run was worth, each with its protocol. */
  readonly evaluations: readonly StepEvaluation[];
}

export const RECORD = 'lacuna.json';

/** What is told of a run beside its weights. */
export interface RunTold {
  /** What the run is called: its folder. */
  readonly name: string;
  /** The clips that it was judged by while it was trained: the list's name, and SHA-256 of its records. */
  readonly judgedBy?: { readonly list: string; readonly digest?: string };
  /** What was done to it: `Pretrained`. */
  readonly made: string;
  readonly record: Omit<ExportRecord, 'files'>;
  /** The run's metrics up to its checkpoint, as lines of JSON. */
  readonly metrics: string;
}

export async function runTold(
  { folder, manifest, step }: ExportedRun,
  kind: string,
  model: string,
  leftOut: readonly string[],
): Promise<RunTold> {
  const evaluations = await readEvaluations(folder);
  const metrics = await readMetrics(folder);
  const lines = metrics.filter((each) => each.step <= step).map((each) => JSON.stringify(each));
  const { evaluation } = manifest.settings;
  const judgedBy = evaluation && {
    list: basename(evaluation.list),
    ...(manifest.evaluation === undefined ? {} : { digest: manifest.evaluation.digest }),
  };
  return {
    name: basename(resolve(folder)),
    ...(judgedBy === undefined ? {} : { judgedBy }),
    made: manifest.task === 'finetune' ? 'Fine-tuned' : 'Pretrained',
    record: {
      format: 1,
      kind,
      model,
      step,
      leftOut: { count: leftOut.length, names: grouped(leftOut) },
      manifest: withoutFolders(manifest),
      evaluations: evaluations.filter((each) => each.step <= step),
    },
    metrics: lines.map((line) => `${line}\n`).join(''),
  };
}

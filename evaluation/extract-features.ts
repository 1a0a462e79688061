import { type ClipRecord, type DataRoot, rootFolder } from '../data/index.js';
import type { TrainedModel } from '../run/open-program.js';
import type { DataProblem } from '../run/run-folder.js';
import { LacunaError } from '../spec/index.js';
import { FEATURE_VECTORS } from './clip-vectors.js';
import { embedClips, type Kept } from './embed-clips.js';

/** Frozen features of the clips that could be read. */
export interface Features {
  /** D. */
  readonly width: number;
  readonly records: readonly ClipRecord[];
  /** [records, D], row by row. */
  readonly values: Float32Array;
  readonly problems: readonly DataProblem[];
}

/**
 * The encoder's mean-pooled tokens of the centre clip of each record, with nothing masked: see
 * `videoFeatureModel`. Clips are decoded ahead and not kept.
 *
 * @throws LacunaError where no clip can be read.
 */
export async function extractFeatures(
  model: TrainedModel,
  records: readonly ClipRecord[],
  root: DataRoot,
  onProgress: (done: number, total: number) => void = () => {},
  kept?: Kept,
): Promise<Features> {
  const problems: DataProblem[] = [];
  const leftOut = (): number => problems.filter(({ used }) => used !== true).length;
  let made = 0;
  const watch = {
    onProgress: (_: string, done: number, total: number): void => {
      made = done;
      onProgress(made + leftOut(), total);
    },
    onProblem: (problem: DataProblem): void => {
      problems.push(problem);
      if (problem.used !== true) onProgress(made + leftOut(), records.length);
    },
  };
  const options = { vectors: FEATURE_VECTORS, kept, watch };
  const { records: read, rows } = await embedClips(model, records, root, options);
  requireSome(read, root);
  const width = rows[0]?.length ?? 0;
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, index) => {
    values.set(row, index * width);
  });
  return { width, records: read, values, problems };
}

/** @throws LacunaError where no clip could be read. */
export function requireSome(records: readonly ClipRecord[], root: DataRoot): void {
  if (records.length > 0) return;
  throw new LacunaError({ where: rootFolder(root), what: 'no clip can be read' });
}

import {
  embedEach,
  extractFeatures,
  type FeatureSet,
  featuresInMemory,
  type Kept,
  requireSome,
  TOKEN_VECTORS,
} from '../../evaluation/index.js';
import type { TrainedModel } from '../../run/open-program.js';
import type { DataProblem } from '../../run/run-folder.js';
import { type FeaturePooling, LacunaError } from '../../spec/index.js';
import type { ProbeClips } from './probe-clips.js';

export interface MakeFeaturesOptions {
  readonly pooling: FeaturePooling;
  /** Where they are kept for the next probe, and while this one is begun. */
  readonly kept: Kept | undefined;
  /** Throws where the probe is to stop. */
  readonly onProgress: (done: number, total: number) => void;
  readonly onProblem: (problem: DataProblem) => void;
}

/**
 * The features of the clips that can be read, from the cache where they are there.
 *
 * @throws LacunaError where no clip can be read, and for tokens without a cache: they are never in memory
 * together.
 */
export async function makeProbeFeatures(
  model: TrainedModel,
  { records, root }: ProbeClips,
  { pooling, kept, onProgress, onProblem }: MakeFeaturesOptions,
): Promise<FeatureSet> {
  if (pooling === 'mean') {
    const features = await extractFeatures(model, records, root, onProgress, kept);
    for (const problem of features.problems) onProblem(problem);
    const { width, values } = features;
    const labels = features.records.map(({ label = '' }) => label);
    return featuresInMemory({ width, values, labels, ids: features.records.map(({ id }) => id) });
  }
  if (kept === undefined) {
    throw new LacunaError({
      where: '--no-cache',
      what: 'a head that reads all tokens needs a folder to keep them in meanwhile',
      fix: 'Name one with --cache.',
    });
  }
  return keptTokens(model, { records, root }, kept, { onProgress, onProblem });
}

async function keptTokens(
  model: TrainedModel,
  { records, root }: Pick<ProbeClips, 'records' | 'root'>,
  kept: Kept,
  { onProgress, onProblem }: Pick<MakeFeaturesOptions, 'onProgress' | 'onProblem'>,
): Promise<FeatureSet> {
  const read = new Set<string>();
  const watch = {
    onProgress: (_: string, done: number, total: number): void => onProgress(done, total),
    onProblem,
  };
  const options = { vectors: TOKEN_VECTORS, kept, watch };
  const keys = await embedEach(model, records, root, options, ({ id }) => {
    read.add(id);
  });
  const whole = records.filter(({ id }) => read.has(id));
  requireSome(whole, root);
  const tokens = TOKEN_VECTORS.count(model.settings);
  const { width } = model.settings.encoder;
  const size = width * tokens;
  return {
    width,
    tokens,
    labels: whole.map(({ label = '' }) => label),
    ids: whole.map(({ id }) => id),
    rows: async (chosen) => {
      const values = new Float32Array(chosen.length * size);
      for (const [index, place] of chosen.entries()) {
        const { id = '' } = whole[place] ?? {};
        const key = keys.get(id);
        const rows = key === undefined ? undefined : await kept.cache.read(key);
        if (rows?.values.length !== size) {
          throw new LacunaError({
            where: id,
            what: 'the tokens of this clip were removed from the cache meanwhile',
            fix: 'Begin again: what is still there is not computed again.',
          });
        }
        values.set(rows.values, index * size);
      }
      return values;
    },
  };
}

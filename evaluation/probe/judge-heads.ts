import type { HostTensor } from '../../core/backend.js';
import { type TrainedModel, withProgram } from '../../run/open-program.js';
import { type ProbeModelConfig, probeLogits } from '../../spec/index.js';
import { type FeatureSet, notFinite, places } from './feature-set.js';
import { classNumbers, type Judged, judgedScores } from './judged.js';

/** Clips of a call, where each has one vector and where it has many tokens. */
const VECTORS = 1024;
const TOKENS = 16;

/**
 * What trained heads make of the clips of a set, one result a candidate.
 *
 * @param probe The state of `probeModel`, and where to run it.
 * @throws LacunaError where a single head gives what is not finite. Of several, one that does is lost: it
 * names no clip rightly.
 */
export async function judgeHeads(
  probe: Pick<TrainedModel, 'backend' | 'state'>,
  config: ProbeModelConfig,
  candidates: number,
  classes: readonly string[],
  set: FeatureSet,
): Promise<readonly Judged[]> {
  const clips = set.labels.length;
  const size = Math.min(clips, config.kind === 'linear' ? VECTORS : TOKENS);
  const all = Array.from({ length: candidates }, () => new Float32Array(clips * classes.length));
  await withProgram(probe, probeLogits(config, size, candidates), async (run) => {
    for (const chunk of places(clips, size)) {
      // A program has one size: the last clips are filled up with the first, which are not looked at.
      const filled = Array.from({ length: size }, (_, index) => chunk[index] ?? 0);
      const outputs = await run({ features: await featureTensor(set, filled) });
      const start = (chunk[0] ?? 0) * classes.length;
      for (const [index, scores] of all.entries()) {
        const logits = outputs[`logits.${index}`]?.data as Float32Array;
        scores.set(logits.subarray(0, chunk.length * classes.length), start);
      }
    }
  });
  const [only] = all;
  if (candidates === 1 && only !== undefined) {
    const at = only.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) throw notFinite('logit', set, Math.floor(at / classes.length), only[at]);
  }
  const right = classNumbers(set.labels, classes);
  return all.map((scores) => judgedScores(scores, right));
}

/** `features` f32 [places, D] or [places, K, D]. */
export async function featureTensor(
  set: FeatureSet,
  chosen: readonly number[],
): Promise<HostTensor> {
  const { width, tokens } = set;
  const shape = tokens === undefined ? [chosen.length, width] : [chosen.length, tokens, width];
  return { dtype: 'f32', shape, data: await set.rows(chosen) };
}

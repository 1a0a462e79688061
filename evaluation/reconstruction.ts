import type { ClipRecord, DataRoot } from '../data/index.js';
import { maskFeeds } from '../run/feeds/batch-feeds.js';
import { maskedClipSampling } from '../run/feeds/clip-sampling.js';
import { SimilarityGuide } from '../run/feeds/similarity-guide.js';
import { type TrainedModel, withProgram } from '../run/open-program.js';
import { modelConfig, videoConfig } from '../run/settings/settings.js';
import {
  drawMask,
  gridOf,
  type Mask,
  maskCounts,
  reconstructionModel,
  sampleWord,
} from '../spec/index.js';
import type { Evaluator, Watch } from './evaluator.js';
import { frames, readClips } from './read-clips.js';

/** A clip, its mask, and what the decoder makes of the masked cubes. */
export interface Reconstruction {
  readonly id: string;
  readonly caption: string | undefined;
  /** u8 RGB, [T, S, S, 3]. */
  readonly frames: Uint8Array;
  readonly mask: Mask;
  /** [M, P], in the units of the target. */
  readonly prediction: Float32Array;
  readonly target: Float32Array;
}

/**
 * Reconstructs the centre clips of `records`, masked as in epoch 0 of the run. A text-guided mask is
 * that of the first caption; clips of which the run's store has no map are left out.
 */
export const reconstruction: Evaluator<readonly Reconstruction[]> = {
  name: 'reconstruction',
  needs: ['reconstructs'],
  run: reconstruct,
  scores: (clips) => (clips.length === 0 ? {} : { squared_error: meanSquaredError(clips) }),
};

/** Over all values of all masked cubes, in the units of the target. */
function meanSquaredError(clips: readonly Reconstruction[]): number {
  let [sum, count] = [0, 0];
  for (const { prediction, target } of clips) {
    prediction.forEach((value, i) => {
      sum += (value - (target[i] as number)) ** 2;
    });
    count += prediction.length;
  }
  return sum / count;
}

async function reconstruct(
  model: TrainedModel,
  records: readonly ClipRecord[],
  root: DataRoot,
  watch: Watch,
): Promise<readonly Reconstruction[]> {
  const { settings, tokenizer } = model;
  const clips = await readClips(settings, maskedClipSampling(settings), records, root, watch);
  const guide = await SimilarityGuide.open(settings);
  const grid = gridOf(videoConfig(settings));
  const shape = { batch: 1, visible: maskCounts(settings.mask, grid).visible };
  const program = reconstructionModel(modelConfig(settings, tokenizer?.vocabSize ?? 0), shape);
  return withProgram(model, program, async (run) => {
    const results: Reconstruction[] = [];
    for (const [index, { record, clip }] of clips.entries()) {
      watch.onProgress?.('clips reconstructed', index, clips.length);
      const address = { seed: settings.seed, epoch: 0, sample: sampleWord(record.id) };
      const [caption = ''] = record.captions;
      if (guide !== undefined && !(await guide.has(record.video, caption))) {
        const reason = `${record.id}: the store of the run has no similarity map of its first caption.`;
        watch.onProblem?.({ id: record.id, reason });
        continue;
      }
      const map =
        guide === undefined ? clip.motion?.map : await guide.map(record.video, caption, clip);
      const mask = drawMask(settings.mask, grid, address, map);
      const outputs = await run({ frames: frames(settings, [clip]), ...maskFeeds([mask], true) });
      results.push({
        id: record.id,
        caption: record.captions[0],
        frames: clip.video,
        mask,
        prediction: outputs.prediction?.data as Float32Array,
        target: outputs.target?.data as Float32Array,
      });
    }
    watch.onProgress?.('clips reconstructed', clips.length, clips.length);
    return results;
  });
}

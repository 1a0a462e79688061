import type { HostTensor } from '../core/backend.js';
import { ClipReader, type ClipRecord, type DataRoot, rootFolder } from '../data/index.js';
import { clipSampling } from '../run/feeds/clip-sampling.js';
import { EMBEDDING_BATCH, type TrainedModel, withProgram } from '../run/open-program.js';
import type { DataProblem } from '../run/run-folder.js';
import { videoConfig } from '../run/settings/settings.js';
import { LacunaError, videoFeatureModel } from '../spec/index.js';
import { incompleteClip } from './read-clips.js';

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
): Promise<Features> {
  const { settings } = model;
  const { encoder, clip, data } = settings;
  const { width } = encoder;
  const program = videoFeatureModel(
    { video: videoConfig(settings), encoder },
    { batch: EMBEDDING_BATCH },
  );
  const sampling = clipSampling(settings);
  const reader = await ClipReader.open({ root, records, sampling, workers: data.workers ?? 2 });
  const bytes = clip.frames * clip.size * clip.size * 3;
  const kept: ClipRecord[] = [];
  const rows: Float32Array[] = [];
  const problems: DataProblem[] = [];
  try {
    await withProgram(model, program, async (run) => {
      const shape = [EMBEDDING_BATCH, clip.frames, clip.size, clip.size, 3];
      let waiting = 0;
      let done = 0;
      let frames = new Uint8Array(EMBEDDING_BATCH * bytes);
      const flush = async (): Promise<void> => {
        if (waiting === 0) return;
        const { embedding } = await run({ frames: { dtype: 'u8', shape, data: frames } });
        const { data: values } = embedding as HostTensor;
        rows.push((values as Float32Array).slice(0, waiting * width));
        waiting = 0;
        frames = new Uint8Array(EMBEDDING_BATCH * bytes);
      };
      for await (const outcome of reader.clips()) {
        if ('clip' in outcome) {
          frames.set(outcome.clip.video, waiting * bytes);
          kept.push(outcome.record);
          problems.push(...incompleteClip(outcome));
          waiting += 1;
          if (waiting === EMBEDDING_BATCH) await flush();
        } else problems.push({ id: outcome.record.id, reason: outcome.problem });
        onProgress(++done, records.length);
      }
      await flush();
    });
  } finally {
    await reader.close();
  }
  if (kept.length === 0)
    throw new LacunaError({ where: rootFolder(root), what: 'no clip can be read' });
  const values = new Float32Array(kept.length * width);
  let start = 0;
  for (const row of rows) {
    values.set(row, start);
    start += row.length;
  }
  return { width, records: kept, values, problems };
}

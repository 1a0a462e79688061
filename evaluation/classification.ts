import type { HostTensor, Named } from '../core/backend.js';
import { ClipReader, type ClipRecord, type ClipViews, type DataRoot } from '../data/index.js';
import { classifierConfig, type TrainedClassifier } from '../run/classifier.js';
import { clipSampling } from '../run/feeds/clip-sampling.js';
import type { HeadClasses } from '../run/manifest.js';
import { OpenProgram } from '../run/open-program.js';
import { classifierLogits, LacunaError, viewMergeModel } from '../spec/index.js';
import type { Watch } from './evaluator.js';
import { incompleteClip } from './read-clips.js';

/** What a classifier says of each clip that could be read. */
export interface Classification {
  readonly records: readonly ClipRecord[];
  /** Of each head, by name: the probability of each class, one row a record. */
  readonly probabilities: Named<readonly Float32Array[]>;
  /** The views that were merged. */
  readonly views: ClipViews;
}

/** Views of one call of the program. */
const VIEW_BATCH = 8;

/**
 * The probabilities that a classifier gives each video, merged over its views (`mergeViews`): one view is
 * the middle of the video, cropped in the centre. Videos that cannot be read are told of and left out.
 *
 * @throws LacunaError where none can be read.
 */
export async function classify(
  classifier: TrainedClassifier,
  records: readonly ClipRecord[],
  root: DataRoot,
  views: ClipViews,
  { onProgress, onProblem }: Watch = {},
): Promise<Classification> {
  const { settings, heads } = classifier;
  const { frames, size } = settings.clip;
  const bytes = frames * size * size * 3;
  const kept: ClipRecord[] = [];
  const programs = await ViewPrograms.open(classifier, views);
  const reader = await ClipReader.open({
    ...{ root, records, sampling: clipSampling(settings) },
    ...(views.clips * views.crops === 1 ? {} : { views }),
    workers: settings.data.workers ?? 2,
  }).catch(async (error: unknown) => {
    await programs.close();
    throw error;
  });
  try {
    let done = 0;
    for await (const outcome of reader.clips()) {
      if ('clip' in outcome) {
        for (const problem of incompleteClip(outcome)) onProblem?.(problem);
        const { video } = outcome.clip;
        for (let at = 0; at < video.length; at += bytes)
          await programs.take(video.subarray(at, at + bytes));
        kept.push(outcome.record);
      } else onProblem?.({ id: outcome.record.id, reason: outcome.problem });
      onProgress?.('videos classified', ++done, records.length);
    }
    await programs.flush();
  } finally {
    await reader.close();
    await programs.close();
  }
  if (kept.length === 0) throw new LacunaError({ what: 'no clip can be read, so none is judged' });
  const probabilities = Object.fromEntries(heads.map(({ name }) => [name, programs.rows(name)]));
  return { records: kept, probabilities, views };
}

/** What a head has made of the views so far. */
interface HeadRows {
  readonly head: HeadClasses;
  readonly merge: OpenProgram;
  /** Logits of views whose video is not whole yet. */
  readonly logits: Float32Array[];
  readonly merged: Float32Array[];
}

/** The programs that a video's views go through, a few views at a time. */
class ViewPrograms {
  readonly #logits: OpenProgram;
  readonly #heads: readonly HeadRows[];
  readonly #shape: readonly number[];
  /** Views of a video. */
  readonly #count: number;
  #waiting: Uint8Array[] = [];

  private constructor(
    logits: OpenProgram,
    heads: readonly HeadRows[],
    shape: readonly number[],
    count: number,
  ) {
    this.#logits = logits;
    this.#heads = heads;
    this.#shape = shape;
    this.#count = count;
  }

  static async open(classifier: TrainedClassifier, views: ClipViews): Promise<ViewPrograms> {
    const { settings, heads } = classifier;
    const { frames, size } = settings.clip;
    const count = views.clips * views.crops;
    const config = classifierConfig(settings, heads);
    const logits = await OpenProgram.open(
      classifier,
      classifierLogits(config, { batch: VIEW_BATCH }),
    );
    const rows: HeadRows[] = [];
    for (const head of heads) {
      const merge = await OpenProgram.open(classifier, viewMergeModel(count, head.classes.length));
      rows.push({ head, merge, logits: [], merged: [] });
    }
    return new ViewPrograms(logits, rows, [VIEW_BATCH, frames, size, size, 3], count);
  }

  /** The next view; those of a video follow each other. */
  async take(view: Uint8Array): Promise<void> {
    this.#waiting.push(view);
    if (this.#waiting.length === VIEW_BATCH) await this.flush();
  }

  /** Takes the views that wait through the programs. */
  async flush(): Promise<void> {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const data = new Uint8Array(VIEW_BATCH * first.length);
    this.#waiting.forEach((view, index) => {
      data.set(view, index * first.length);
    });
    const outputs = await this.#logits.run({ frames: { dtype: 'u8', shape: this.#shape, data } });
    for (const rows of this.#heads) {
      const { data: logits } = outputs[`logits.${rows.head.name}`] as HostTensor;
      const width = rows.head.classes.length;
      for (let view = 0; view < this.#waiting.length; view++)
        rows.logits.push((logits as Float32Array).slice(view * width, (view + 1) * width));
      await this.#merge(rows);
    }
    this.#waiting = [];
  }

  /** The probabilities of each video that was taken. */
  rows(name: string): readonly Float32Array[] {
    return this.#heads.find(({ head }) => head.name === name)?.merged ?? [];
  }

  async close(): Promise<void> {
    await this.#logits.dispose();
    for (const { merge } of this.#heads) await merge.dispose();
  }

  async #merge({ head, merge, logits, merged }: HeadRows): Promise<void> {
    const shape = [this.#count, head.classes.length];
    while (logits.length >= this.#count) {
      const data = new Float32Array(this.#count * head.classes.length);
      logits.splice(0, this.#count).forEach((row, view) => {
        data.set(row, view * row.length);
      });
      const { probabilities } = await merge.run({ logits: { dtype: 'f32', shape, data } });
      merged.push(probabilities?.data as Float32Array);
    }
  }
}

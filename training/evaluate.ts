import type { HostTensor, Named } from '../core/backend.js';
import {
  type Clip,
  ClipReader,
  type ClipRecord,
  type ClipSampling,
  type Tokenizer,
} from '../data/index.js';
import {
  type BatchShape,
  clipTokens,
  drawMask,
  gridOf,
  LacunaError,
  type Mask,
  type Model,
  maskCounts,
  type RetrievalScores,
  reconstructionModel,
  retrievalScores,
  type StateSpec,
  sampleWord,
  textEmbeddingModel,
  videoEmbeddingModel,
} from '../spec/index.js';
import { maskFeeds, textFeeds } from './batch-feeds.js';
import { clipSampling, maskedClipSampling } from './clip-sampling.js';
import type { PretrainSettings } from './config.js';
import { initialTensor } from './initialize.js';
import type { DataProblem } from './run-folder.js';
import { EMBEDDING_BATCH, embedAll, type TrainedModel, withProgram } from './run-program.js';
import { modelConfig, modelState, videoConfig } from './settings.js';
import { SimilarityGuide } from './similarity-guide.js';

/** Text-to-video and video-to-text retrieval in one gallery. */
export interface Retrieval {
  readonly textToVideo: RetrievalScores;
  readonly videoToText: RetrievalScores;
  /** Cosines [texts, videos]. */
  readonly similarity: Float32Array;
  readonly captions: readonly string[];
  /** Ids of the gallery's clips. */
  readonly videos: readonly string[];
  /** Clips that could not be read; they are not in the gallery. */
  readonly problems: readonly DataProblem[];
}

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

/** The untrained counterpart of a model: same settings, the state that its run began with. */
export function untrained(model: TrainedModel): TrainedModel {
  const { settings, tokenizer } = model;
  const start = (spec: StateSpec): [string, HostTensor] => [
    spec.name,
    initialTensor(spec, settings.seed),
  ];
  const state = modelState(settings, tokenizer?.vocabSize ?? 0).map(start);
  return { ...model, state: Object.fromEntries(state) };
}

/**
 * Embeds each clip (its centre, all tokens visible) and its first caption, and ranks by cosine.
 * @throws LacunaError for a model without a contrastive objective, or a gallery without clips.
 */
export async function evaluateRetrieval(
  model: TrainedModel,
  records: readonly ClipRecord[],
  root: string,
): Promise<Retrieval> {
  const { settings, tokenizer } = model;
  if (settings.objective === 'mae') {
    throw new LacunaError({
      what: 'retrieval needs a model that was trained to align video with text',
      got: `objective ${settings.objective}`,
    });
  }
  const { clips, problems } = await readClips(clipSampling(settings), records, root);
  if (clips.length === 0) {
    throw new LacunaError({ where: root, what: 'no clip of the gallery can be read' });
  }
  const [video, text] = embeddingPrograms(settings, tokenizer, EMBEDDING_BATCH) as [Model, Model];
  const videos = await embedAll(model, video, clips, (batch) => videoFeeds(settings, batch));
  const captions = clips.map(({ record }) => record.captions[0] ?? '');
  const texts = await embedCaptions(model, text, captions);
  const similarity = cosines(texts, videos);
  const videoOfText = Int32Array.from(captions, (_, index) => index);
  const scores = retrievalScores({ similarity, videoOfText, videos: clips.length });
  return {
    ...scores,
    similarity,
    captions,
    videos: clips.map(({ record }) => record.id),
    problems,
  };
}

async function embedCaptions(
  model: TrainedModel,
  program: Model,
  captions: readonly string[],
): Promise<readonly Float32Array[]> {
  const { settings, tokenizer, teacher } = model;
  const { teacher: folder, teacherWidth: width = 0 } = settings.contrastive;
  if (folder !== undefined) {
    if (teacher === undefined) {
      throw new LacunaError({
        what: 'retrieval with this model needs the frozen teacher that it was aligned with',
        got: folder,
      });
    }
    const given = await teacher.embedTexts(captions);
    const rows = captions.map((_, index) => given.subarray(index * width, (index + 1) * width));
    return embedAll(model, program, rows, (batch) => {
      const data = new Float32Array(batch.length * width);
      batch.forEach((row, index) => {
        data.set(row, index * width);
      });
      return { 'text.embedding': { dtype: 'f32', shape: [batch.length, width], data } };
    });
  }
  if (tokenizer === undefined) throw new LacunaError({ what: 'there is no tokenizer' });
  return embedAll(model, program, captions, (batch) =>
    textFeeds(tokenizer, batch, settings.text.length),
  );
}

/**
 * Reconstructs the centre clips of `records`, masked as in epoch 0 of the run. A text-guided mask is
 * that of the first caption; clips of which the run's store has no map are left out.
 */
export async function reconstruct(
  model: TrainedModel,
  records: readonly ClipRecord[],
  root: string,
): Promise<readonly Reconstruction[]> {
  const { settings, tokenizer } = model;
  const { clips } = await readClips(maskedClipSampling(settings), records, root);
  const guide = await SimilarityGuide.open(settings);
  const grid = gridOf(videoConfig(settings));
  const shape = { batch: 1, visible: maskCounts(settings.mask, grid).visible };
  const program = reconstructionModel(modelConfig(settings, tokenizer?.vocabSize ?? 0), shape);
  return withProgram(model, program, async (run) => {
    const results: Reconstruction[] = [];
    for (const { record, clip } of clips) {
      const address = { seed: settings.seed, epoch: 0, sample: sampleWord(record.id) };
      const [caption = ''] = record.captions;
      if (guide !== undefined && !(await guide.has(record.video, caption))) continue;
      const map = clip.motion?.map ?? (await guide?.map(record.video, caption, clip));
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
    return results;
  });
}

interface ReadClip {
  readonly record: ClipRecord;
  readonly clip: Clip;
}

async function readClips(
  sampling: ClipSampling,
  records: readonly ClipRecord[],
  root: string,
): Promise<{ readonly clips: readonly ReadClip[]; readonly problems: readonly DataProblem[] }> {
  const reader = await ClipReader.open({ root, records, sampling });
  const clips: ReadClip[] = [];
  const problems: DataProblem[] = [];
  try {
    for await (const outcome of reader.clips()) {
      if ('clip' in outcome) clips.push(outcome);
      else problems.push({ id: outcome.record.id, reason: outcome.problem });
    }
  } finally {
    await reader.close();
  }
  return { clips, problems };
}

function embeddingPrograms(
  settings: PretrainSettings,
  tokenizer: Tokenizer | undefined,
  batch: number,
): readonly Model[] {
  const config = modelConfig(settings, tokenizer?.vocabSize ?? 0);
  const shape: BatchShape = { batch, visible: clipTokens(videoConfig(settings)) };
  return [videoEmbeddingModel(config, shape), textEmbeddingModel(config, shape)];
}

function videoFeeds(settings: PretrainSettings, clips: readonly ReadClip[]): Named<HostTensor> {
  const count = clipTokens(videoConfig(settings));
  const visible = Int32Array.from({ length: clips.length * count }, (_, index) => index % count);
  return {
    frames: frames(
      settings,
      clips.map(({ clip }) => clip),
    ),
    visible: { dtype: 'i32', shape: [clips.length, count], data: visible },
  };
}

function frames(
  { clip: { frames: count, size } }: PretrainSettings,
  clips: readonly Clip[],
): HostTensor {
  const bytes = count * size * size * 3;
  const data = new Uint8Array(clips.length * bytes);
  clips.forEach(({ video }, index) => {
    data.set(video, index * bytes);
  });
  return { dtype: 'u8', shape: [clips.length, count, size, size, 3], data };
}

function cosines(texts: readonly Float32Array[], videos: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(texts.length * videos.length);
  texts.forEach((text, row) => {
    videos.forEach((video, column) => {
      let sum = 0;
      for (let i = 0; i < text.length; i++) sum += (text[i] as number) * (video[i] as number);
      result[row * videos.length + column] = sum;
    });
  });
  return result;
}

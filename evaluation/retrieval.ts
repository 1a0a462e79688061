import type { HostTensor, Named } from '../core/backend.js';
import { matmulFlops } from '../core/measure/matmul-flops.js';
import { type ClipRecord, type DataRoot, rootFolder, type Tokenizer } from '../data/index.js';
import { textFeeds } from '../run/feeds/batch-feeds.js';
import { clipSampling } from '../run/feeds/clip-sampling.js';
import { EMBEDDING_BATCH, embedAll, type TrainedModel } from '../run/open-program.js';
import type { DataProblem } from '../run/run-folder.js';
import type { RunSettings } from '../run/settings/config.js';
import { modelConfig, videoConfig } from '../run/settings/settings.js';
import {
  type BatchShape,
  clipTokens,
  LacunaError,
  type Model,
  type RetrievalScores,
  retrievalScores,
  textEmbeddingModel,
  videoEmbeddingModel,
} from '../spec/index.js';
import type { Evaluator, Watch } from './evaluator.js';
import { frames, type ReadClip, readClips } from './read-clips.js';

/** Text-to-video and video-to-text retrieval in one gallery. */
export interface Retrieval {
  readonly textToVideo: RetrievalScores;
  readonly videoToText: RetrievalScores;
  /** Cosines [texts, videos]. */
  readonly similarity: Float32Array;
  readonly captions: readonly string[];
  /** Ids of the gallery's clips. */
  readonly videos: readonly string[];
  /** Clips without a caption, or that could not be read; they are not in the gallery. */
  readonly problems: readonly DataProblem[];
}

/**
 * Embeds each clip (its centre, all tokens visible) and its first caption, and ranks by cosine. A clip
 * without a caption is left out: nothing could ask for it.
 * @throws LacunaError for a gallery without clips, or where the frozen teacher is missing that the
 * model was aligned with.
 */
export const retrieval: Evaluator<Retrieval> = {
  name: 'retrieval',
  needs: ['aligns'],
  run: retrieve,
  scores: ({ textToVideo, videoToText }) => ({
    ...named('text_to_video', textToVideo),
    ...named('video_to_text', videoToText),
    'chance.r1': textToVideo.chanceAt1,
  }),
};

function named(direction: string, scores: RetrievalScores): Named<number> {
  return {
    [`${direction}.r1`]: scores.recallAt1,
    [`${direction}.r5`]: scores.recallAt5,
    [`${direction}.r10`]: scores.recallAt10,
    [`${direction}.median_rank`]: scores.medianRank,
  };
}

async function retrieve(
  model: TrainedModel,
  records: readonly ClipRecord[],
  root: DataRoot,
  { onProgress, onProblem }: Watch,
): Promise<Retrieval> {
  const { settings, tokenizer } = model;
  const problems: DataProblem[] = [];
  const tell = (problem: DataProblem): void => {
    problems.push(problem);
    onProblem?.(problem);
  };
  const captioned = records.filter(({ id, captions }) => {
    if (captions.length === 0) tell({ id, reason: `${id}: it has no caption to ask for it.` });
    return captions.length > 0;
  });
  if (captioned.length === 0) {
    throw new LacunaError({
      where: rootFolder(root),
      what: 'no clip of the gallery has a caption',
    });
  }
  const watch = { ...(onProgress === undefined ? {} : { onProgress }), onProblem: tell };
  const clips = await readClips(clipSampling(settings), captioned, root, watch);
  if (clips.length === 0) {
    throw new LacunaError({ where: rootFolder(root), what: 'no clip of the gallery can be read' });
  }
  const batch = Math.min(EMBEDDING_BATCH, clips.length);
  const [video, text] = embeddingPrograms(settings, tokenizer, batch) as [Model, Model];
  let asked = 0;
  const videos = await embedAll(
    model,
    video,
    clips,
    (items) => {
      onProgress?.('clips embedded', asked, clips.length);
      asked = Math.min(asked + batch, clips.length);
      return videoFeeds(settings, items);
    },
    batch,
  );
  onProgress?.('clips embedded', clips.length, clips.length);
  const captions = clips.flatMap(({ record }) => record.captions.slice(0, 1));
  const texts = await embedCaptions(model, text, captions, batch);
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
  size: number,
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
    const feeds = (batch: readonly Float32Array[]): Named<HostTensor> => {
      const data = new Float32Array(batch.length * width);
      batch.forEach((row, index) => {
        data.set(row, index * width);
      });
      return { 'text.embedding': { dtype: 'f32', shape: [batch.length, width], data } };
    };
    return embedAll(model, program, rows, feeds, size);
  }
  if (tokenizer === undefined) throw new LacunaError({ what: 'there is no tokenizer' });
  const feeds = (batch: readonly string[]): Named<HostTensor> =>
    textFeeds(tokenizer, batch, settings.text.length);
  return embedAll(model, program, captions, feeds, size);
}

/** Multiplications and additions of the products that embed one clip, all tokens visible. */
export function clipFlops({
  settings,
  tokenizer,
}: Pick<TrainedModel, 'settings' | 'tokenizer'>): number {
  const [video] = embeddingPrograms(settings, tokenizer, 1) as [Model, Model];
  return matmulFlops(video.program);
}

function embeddingPrograms(
  settings: RunSettings,
  tokenizer: Tokenizer | undefined,
  batch: number,
): readonly Model[] {
  const config = modelConfig(settings, tokenizer?.vocabSize ?? 0);
  const shape: BatchShape = { batch, visible: clipTokens(videoConfig(settings)) };
  return [videoEmbeddingModel(config, shape), textEmbeddingModel(config, shape)];
}

function videoFeeds(settings: RunSettings, clips: readonly ReadClip[]): Named<HostTensor> {
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

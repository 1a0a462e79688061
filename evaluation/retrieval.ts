import type { Named } from '../core/backend.js';
import { type ClipRecord, type DataRoot, rootFolder } from '../data/index.js';
import type { TrainedModel } from '../run/open-program.js';
import type { DataProblem } from '../run/run-folder.js';
import {
  type BothPlacements,
  CONVENTIONS,
  type ConventionName,
  type ConventionResult,
  dualSoftmax,
  expectedRanks,
  fairScores,
  LacunaError,
  placementsOf,
  type RetrievalScores,
  type RightPairs,
  type SimilarityRows,
} from '../spec/index.js';
import { cosines } from './cosines.js';
import { embedClips, type Kept } from './embed-clips.js';
import { cutTexts, embedTexts } from './embed-texts.js';
import type { Evaluator, Watch } from './evaluator.js';
import {
  protocolText,
  type RetrievalProtocol,
  recordsDigest,
  type TextChoice,
} from './retrieval-protocol.js';
import { retrievalTexts, withoutText } from './retrieval-texts.js';

/** Text-to-video and video-to-text retrieval in one gallery. */
export interface Retrieval {
  /** What every number here depends on. */
  readonly protocol: RetrievalProtocol;
  /** The fair scores, whatever the convention of the protocol is. */
  readonly textToVideo: RetrievalScores;
  readonly videoToText: RetrievalScores;
  /** The scores by the protocol's convention. */
  readonly scores: ConventionResult;
  /** The expected rank of each query, from 0. */
  readonly ranks: { readonly textToVideo: Float64Array; readonly videoToText: Float64Array };
  /** Cosines [texts, videos]. */
  readonly similarity: SimilarityRows;
  readonly pairs: RightPairs;
  readonly captions: readonly string[];
  /** Ids of the gallery's clips. */
  readonly videos: readonly string[];
  /** Clips without a text, or that could not be read; they are not in the gallery. */
  readonly problems: readonly DataProblem[];
}

/** Choices of a retrieval; they all stand in its protocol. */
export interface RetrievalOptions {
  /** The name of the list, for the protocol. */
  readonly list?: string;
  /** @defaultValue 'first' */
  readonly texts?: TextChoice;
  /** What a class name is put into, at `{}`. @defaultValue '{}' */
  readonly prompt?: string;
  /** Clips of a video whose embeddings are averaged. @defaultValue 1 */
  readonly windows?: number;
  /** @defaultValue false */
  readonly dualSoftmax?: boolean;
  /** @defaultValue 'fair' */
  readonly convention?: ConventionName;
  /** Embeddings that are kept. @defaultValue nothing is */
  readonly kept?: Kept;
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
  protocol: ({ protocol }) => protocolText(protocol),
};

/** The same evaluator under another protocol. */
export function retrievalWith(options: RetrievalOptions): Evaluator<Retrieval> {
  return {
    ...retrieval,
    run: (model, records, root, watch) => retrieve(model, records, root, watch, options),
  };
}

function named(direction: string, scores: RetrievalScores): Named<number> {
  return {
    [`${direction}.r1`]: scores.recallAt1,
    [`${direction}.r5`]: scores.recallAt5,
    [`${direction}.r10`]: scores.recallAt10,
    [`${direction}.median_rank`]: scores.medianRank,
    [`${direction}.mean_rank`]: scores.meanRank,
  };
}

async function retrieve(
  model: TrainedModel,
  records: readonly ClipRecord[],
  root: DataRoot,
  { onProgress, onProblem }: Watch,
  options: RetrievalOptions = {},
): Promise<Retrieval> {
  const { texts: choice = 'first', prompt, windows = 1, kept } = options;
  const problems: DataProblem[] = [];
  const tell = (problem: DataProblem): void => {
    problems.push(problem);
    onProblem?.(problem);
  };
  const watch: Watch = { ...(onProgress === undefined ? {} : { onProgress }), onProblem: tell };
  const asked = records.filter((record) => {
    const problem = withoutText(record, choice);
    if (problem !== undefined) tell(problem);
    return problem === undefined;
  });
  const what = choice === 'labels' ? 'label' : 'caption';
  if (asked.length === 0) throw nothing(root, `has a ${what}`);
  const keeping = kept === undefined ? {} : { kept };
  const gallery = await embedClips(model, asked, root, { windows, watch, ...keeping });
  if (gallery.records.length === 0) throw nothing(root, 'can be read');
  const { texts, pairs } = retrievalTexts(gallery.records, choice, prompt);
  const textRows = await embedTexts(model, texts, { watch, ...keeping });
  const ids = gallery.records.map(({ id }) => id);
  requireFinite(gallery.rows, ids, 'video');
  requireFinite(textRows, texts, 'text');
  const similarity = cosines(textRows, gallery.rows, {
    onRow: (done) => {
      if (done % 256 === 0) onProgress?.('texts compared', done, texts.length);
    },
  });
  const protocol = protocolOf(model, gallery.records, texts, options);
  return {
    protocol,
    ...scored(similarity, pairs, protocol),
    similarity,
    pairs,
    captions: texts,
    videos: ids,
    problems,
  };
}

/** Scores of a matrix of cosines under a protocol. */
function scored(
  similarity: SimilarityRows,
  pairs: RightPairs,
  { dualSoftmax: isDual, convention }: RetrievalProtocol,
): Pick<Retrieval, 'textToVideo' | 'videoToText' | 'scores' | 'ranks'> {
  const matrices = isDual
    ? dualSoftmax(similarity)
    : { textToVideo: similarity, videoToText: similarity };
  const { refuses, scores, title } = CONVENTIONS[convention];
  const reason = refuses(pairs);
  if (reason !== undefined) {
    throw new LacunaError({
      what: `the convention of ${title} cannot score this`,
      got: reason,
      fix: 'Take --convention fair, or other texts.',
    });
  }
  const forward = placementsOf(matrices.textToVideo, pairs);
  const placed: BothPlacements = isDual
    ? { ...forward, videoToText: placementsOf(matrices.videoToText, pairs).videoToText }
    : forward;
  const byConvention = scores(matrices.textToVideo, pairs);
  return {
    textToVideo: fairScores(placed.textToVideo),
    videoToText: fairScores(placed.videoToText),
    scores: isDual
      ? { ...byConvention, videoToText: scores(matrices.videoToText, pairs).videoToText }
      : byConvention,
    ranks: {
      textToVideo: expectedRanks(placed.textToVideo),
      videoToText: expectedRanks(placed.videoToText),
    },
  };
}

function protocolOf(
  model: TrainedModel,
  records: readonly ClipRecord[],
  texts: readonly string[],
  options: RetrievalOptions,
): RetrievalProtocol {
  const { list, texts: choice = 'first', prompt, windows = 1, convention = 'fair' } = options;
  const { frames, size, sampling, stride } = model.settings.clip;
  return {
    ...(list === undefined ? {} : { list }),
    digest: recordsDigest(records),
    videos: records.length,
    texts: choice,
    queries: texts.length,
    cut: cutTexts(model, texts),
    ...(prompt === undefined ? {} : { prompt }),
    frames,
    size,
    sampling: sampling !== 'tsn' ? `stride ${stride}` : 'one a segment',
    windows,
    dualSoftmax: options.dualSoftmax ?? false,
    convention,
  };
}

/** @throws LacunaError for an embedding with a NaN or an infinity: no rank over it means anything. */
function requireFinite(
  rows: readonly Float32Array[],
  names: readonly string[],
  what: 'text' | 'video',
): void {
  const bad = rows.findIndex((row) => !row.every(Number.isFinite));
  if (bad < 0) return;
  throw new LacunaError({
    where: `${what} ${bad}, ${JSON.stringify(names[bad])}`,
    what: 'an embedding is not finite',
    got: String(rows[bad]?.find((value) => !Number.isFinite(value))),
    fix: "The model's weights are broken, or what it was given: look at both first.",
  });
}

function nothing(root: DataRoot, what: string): LacunaError {
  return new LacunaError({ where: rootFolder(root), what: `no clip of the gallery ${what}` });
}

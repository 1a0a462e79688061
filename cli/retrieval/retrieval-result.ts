import { z } from 'zod';
import {
  protocolDifferences,
  type Retrieval,
  type RetrievalProtocol,
  TEXT_CHOICES,
} from '../../evaluation/index.js';
import { readPlainFile } from '../../formats/index.js';
import { CONVENTION_NAMES, type ConventionScores, LacunaError } from '../../spec/index.js';

/** What `lacuna retrieve --json` prints: scores with all that they depend on. */
export interface RetrievalResult {
  readonly format: 'lacuna retrieval 1';
  readonly lacuna: string;
  readonly model: {
    /** The run, as it was named. */
    readonly run: string;
    /** SHA-256 of its weights, its sizes and the backend. */
    readonly digest: string;
    readonly backend: string;
    /** Whether it was trained on this very list. Of a part of it nothing is known. */
    readonly trainedOnIt: boolean;
  };
  readonly protocol: RetrievalProtocol;
  readonly protocolText: string;
  /** By the protocol's convention; recalls in percent. */
  readonly textToVideo: ConventionScores;
  readonly videoToText: ConventionScores;
  /** R@1 of a random order, in percent. */
  readonly chance: { readonly textToVideo: number; readonly videoToText: number };
  /** Clips that are not in the gallery, with why. */
  readonly leftOut: readonly { readonly id: string; readonly reason: string }[];
}

const text = z.string().max(65_536);
const count = z.int().min(0);
const SCORES = z.object({
  recallAt1: z.number(),
  recallAt5: z.number(),
  recallAt10: z.number(),
  medianRank: z.number().exactOptional(),
  meanRank: z.number().exactOptional(),
  ranks: count,
});
const RESULT = z.object({
  format: z.literal('lacuna retrieval 1'),
  lacuna: text,
  model: z.object({ run: text, digest: text, backend: text, trainedOnIt: z.boolean() }),
  protocol: z.object({
    list: text.exactOptional(),
    digest: text,
    videos: count,
    texts: z.enum(TEXT_CHOICES),
    queries: count,
    cut: count,
    prompt: text.exactOptional(),
    frames: count,
    size: count,
    sampling: text,
    windows: count,
    dualSoftmax: z.boolean(),
    convention: z.enum(CONVENTION_NAMES),
  }),
  protocolText: text,
  textToVideo: SCORES,
  videoToText: SCORES,
  chance: z.object({ textToVideo: z.number(), videoToText: z.number() }),
  leftOut: z.array(z.object({ id: text, reason: text })).max(10_000_000),
});

/** A retrieval as it is printed and kept. */
export function resultOf(
  retrieval: Retrieval,
  protocolText: string,
  model: RetrievalResult['model'],
  lacuna: string,
): RetrievalResult {
  const { protocol, scores, textToVideo, videoToText, problems } = retrieval;
  return {
    format: 'lacuna retrieval 1',
    lacuna,
    model,
    protocol,
    protocolText,
    ...scores,
    chance: { textToVideo: 100 * textToVideo.chanceAt1, videoToText: 100 * videoToText.chanceAt1 },
    leftOut: problems.filter(({ used }) => used !== true).map(({ id, reason }) => ({ id, reason })),
  };
}

/** An earlier result, from a file. @throws LacunaError for what is none. */
export async function readResult(path: string): Promise<RetrievalResult> {
  const bytes = await readPlainFile(path, 2 ** 28);
  try {
    const value = RESULT.parse(JSON.parse(bytes.toString('utf8')));
    const both = { textToVideo: whole(value.textToVideo), videoToText: whole(value.videoToText) };
    return { ...value, ...both };
  } catch (cause) {
    throw new LacunaError(
      {
        where: path,
        what: 'this is no result of a retrieval',
        expected: 'what `lacuna retrieve --json` printed',
      },
      { cause },
    );
  }
}

/** JSON leaves out what a code does not compute. */
function whole(scores: z.infer<typeof SCORES>): ConventionScores {
  const { medianRank, meanRank } = scores;
  return { ...scores, medianRank, meanRank };
}

/** Whose the numbers are, in words: a model that was trained on the list says what it has memorised. */
export function modelText({ run, digest, backend, trainedOnIt }: RetrievalResult['model']): string {
  const trained = trainedOnIt ? '; TRAINED ON THIS LIST' : '';
  return `${run} (model ${digest.slice(0, 12)}, ${backend}${trained})`;
}

/** A result beside others, and how its protocol differs from the first one's. */
export interface MarkedResult extends RetrievalResult {
  /** Empty where the numbers may be compared. */
  readonly differences: readonly string[];
}

/** Marks the results whose protocol is not that of the first. */
export function marked(results: readonly RetrievalResult[]): readonly MarkedResult[] {
  return results.map((result) => {
    const [first = result] = results;
    return { ...result, differences: protocolDifferences(first.protocol, result.protocol) };
  });
}

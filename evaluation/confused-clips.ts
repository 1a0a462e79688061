import type { ClipRecord, DataRoot } from '../data/index.js';
import type { TrainedClassifier } from '../run/classifier.js';
import { labelsOf } from '../run/feeds/clip-labels.js';
import { clipSampling } from '../run/feeds/clip-sampling.js';
import { topClass } from '../spec/index.js';
import type { Classification } from './classification.js';
import { type HeadResult, worstConfusions } from './classification-scores.js';
import type { Watch } from './evaluator.js';
import { readClips } from './read-clips.js';

/** A video that was taken for another class, of all that were taken so the one that the classifier was surest of. */
export interface ConfusedVideo {
  readonly record: ClipRecord;
  readonly right: string;
  readonly said: string;
  /** The probability that it gave to what it said. */
  readonly probability: number;
}

/** The same with what the classifier saw: frames u8 [T, S, S, 3] of the middle of the video, cropped in the centre. */
export interface ConfusedClip extends ConfusedVideo {
  readonly frames: Uint8Array;
}

/** One video for each of the most frequent confusions of a head, the most frequent first. */
export function confusedVideos(
  result: HeadResult,
  classification: Classification,
  most: number,
): readonly ConfusedVideo[] {
  const rows = classification.probabilities[result.head.name] ?? [];
  return worstConfusions(result, most).flatMap(({ right, said }) => {
    const place = result.head.classes.indexOf(said);
    const all = classification.records.flatMap((record, index) => {
      const row = rows[index] ?? new Float32Array();
      const isIt = labelsOf(record)[result.head.name] === right && topClass(row) === place;
      return isIt ? [{ record, right, said, probability: row[place] ?? 0 }] : [];
    });
    return all.sort((a, b) => b.probability - a.probability).slice(0, 1);
  });
}

/** Their frames; a video that can no longer be read is told of and left out. */
export async function confusedClips(
  { settings }: Pick<TrainedClassifier, 'settings'>,
  videos: readonly ConfusedVideo[],
  root: DataRoot,
  watch: Watch = {},
): Promise<readonly ConfusedClip[]> {
  const records = videos.map(({ record }) => record);
  const clips = await readClips(settings, clipSampling(settings), records, root, watch);
  const frames = new Map(clips.map(({ record, clip }) => [record, clip.video]));
  return videos.flatMap((video) => {
    const own = frames.get(video.record);
    return own === undefined ? [] : [{ ...video, frames: own }];
  });
}

import { LacunaError } from '../../spec/errors.js';
import { cropFrameMap } from '../../spec/masking/crop-map.js';
import type { Grid } from '../../spec/masking/grid.js';
import { type FrameAggregation, framesToSlots } from '../../spec/masking/similarity-map.js';
import type { Clip } from '../loader/clip.js';
import { nearestStored } from './frame-stride.js';
import { frameMap, type SimilarityEntry } from './similarity-entry.js';

/**
 * The similarity map of an augmented clip, [slots, rows * columns] int16, from the stored maps of
 * its video: of each frame the nearest stored map, cut and mirrored as the clip is, then the frames
 * of each slot aggregated.
 *
 * @throws LacunaError where the entry lacks the caption, or is of a frame of another size.
 */
export function clipSimilarity(
  entry: SimilarityEntry,
  caption: string,
  clip: Pick<Clip, 'frameIndices' | 'crop' | 'flip'>,
  grid: Grid,
  aggregation?: FrameAggregation,
): Int16Array {
  const row = entry.captions.indexOf(caption);
  if (row === -1) {
    throw new LacunaError({
      where: entry.video,
      what: 'there is no similarity map of this caption',
      got: caption,
      fix: 'Run lacuna similarity again with the list that you train on: it adds what is missing.',
    });
  }
  const { slots, rows, columns } = grid;
  const { frameIndices, crop, flip } = clip;
  const places = rows * columns;
  const maps = new Int16Array(frameIndices.length * places);
  frameIndices.forEach((frame, t) => {
    const stored = frameMap(entry, row, nearestStored(frame, entry.frameCount, entry.stride));
    maps.set(cropFrameMap(stored, entry, { crop, flip, rows, columns }), t * places);
  });
  return framesToSlots(maps, frameIndices.length, frameIndices.length / slots, aggregation);
}

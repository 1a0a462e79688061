import { LacunaError } from '../errors.js';

/** One cosine unit in a stored similarity map. */
const SCALE = 32767;

/**
 * The stored form of cosines: floor(32767 c + 1/2), after clamping c to [-1, 1]. Maps are quantised
 * once, when made, so that masks are exact functions of what is stored.
 * @throws LacunaError for NaN.
 */
export function quantizeSimilarity(cosines: Float32Array | Float64Array): Int16Array {
  const stored = new Int16Array(cosines.length);
  for (let i = 0; i < cosines.length; i++) {
    const cosine = cosines[i] as number;
    if (Number.isNaN(cosine)) {
      throw new LacunaError({
        what: 'a similarity is not a number',
        where: `value ${i} of the similarity map`,
        fix: 'Look for an embedding of length zero or a failed model run.',
      });
    }
    stored[i] = Math.floor(SCALE * Math.min(1, Math.max(-1, cosine)) + 0.5);
  }
  return stored;
}

/**
 * How the maps of a tubelet's frames become its slot's map. TGM does not say.
 * - `mean` (default: every frame counts): floor(sum / t + 1/2) in exact integers, halves upwards.
 * - `first`: the first frame's map.
 * - `max`: the highest value at each place.
 */
export type FrameAggregation = (typeof FRAME_AGGREGATIONS)[number];
export const FRAME_AGGREGATIONS = ['mean', 'first', 'max'] as const;

/**
 * From one map a frame, [frames, places], to one a slot, [frames / tubelet, places].
 * @throws LacunaError if the frames do not divide into tubelets, or the map does not divide into frames.
 */
export function framesToSlots(
  map: Int16Array,
  frames: number,
  tubelet: number,
  aggregation: FrameAggregation = 'mean',
): Int16Array {
  if (
    !(Number.isInteger(frames) && frames > 0 && Number.isInteger(tubelet) && tubelet > 0) ||
    frames % tubelet !== 0 ||
    map.length % frames !== 0
  ) {
    throw new LacunaError({
      what: 'the similarity maps of the frames do not divide into tubelets',
      got: `${map.length} values, ${frames} frames, tubelets of ${tubelet} frames`,
      expected: 'frames a multiple of the tubelet length, values a multiple of the frames',
    });
  }
  const places = map.length / frames;
  const slots = new Int16Array(map.length / tubelet);
  const values = new Int16Array(tubelet);
  for (let i = 0; i < slots.length; i++) {
    const slot = Math.floor(i / places);
    for (let t = 0; t < tubelet; t++) {
      values[t] = map[(slot * tubelet + t) * places + (i % places)] as number;
    }
    slots[i] = AGGREGATE[aggregation](values);
  }
  return slots;
}

const AGGREGATE: Readonly<Record<FrameAggregation, (values: Int16Array) => number>> = {
  mean: (values) => {
    const sum = values.reduce((total, value) => total + value, 0);
    return Math.floor((2 * sum + values.length) / (2 * values.length));
  },
  first: (values) => values[0] as number,
  max: (values) => values.reduce((highest, value) => Math.max(highest, value)),
};

import { duration } from '../core/duration.js';
import type { SimilarityProgress, SimilarityResult } from '../teacher/index.js';

/** `maps 12/400 [===       ]  3 were there  41.2 images/s  0.39 s a video  2:31 left`. */
export function similarityLine(progress: SimilarityProgress): string {
  const { done, total, reused, images, seconds, secondsLeft } = progress;
  const filled = Math.floor((BAR * done) / Math.max(1, total));
  return [
    `maps ${String(done).padStart(String(total).length)}/${total} [${'='.repeat(filled).padEnd(BAR)}]`,
    ...(reused === 0 ? [] : [`${reused} were there`]),
    ...(images === 0 ? [] : [cost(images, seconds, done - reused)]),
    ...(secondsLeft === undefined ? [] : [`${duration(secondsLeft)} left`]),
  ].join('  ');
}

/** What making maps came to, in a few sentences. */
export function similaritySummary(result: SimilarityResult, form: string, folder: string): string {
  const { made, reused, problems, images, seconds, finished, done, total } = result;
  const costs = made === 0 ? '' : ` Form ${form}: ${cost(images, seconds, made)}.`;
  const passed = problems.length === 0 ? '' : ` ${problems.length} could not be read.`;
  const state = finished
    ? `The maps of ${made + reused} videos are in ${folder}: ${made} made now, ${reused} there before.`
    : `Stopped after ${done} of ${total} videos; the same command goes on from there.`;
  return `${state}${passed}${costs}`;
}

const BAR = 20;

function cost(images: number, seconds: number, videos: number): string {
  const rate = images / Math.max(seconds, 1e-9);
  const each = seconds / Math.max(1, videos);
  return `${short(rate)} images/s  ${short(each)} s a video`;
}

/** Three digits, none of them as a power of ten. */
function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

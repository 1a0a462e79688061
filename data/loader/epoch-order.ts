import { shuffle } from '../../spec/random/shuffle.js';
import { RandomStream } from '../../spec/random/stream.js';

/**
 * The order of `count` samples in an epoch: the shuffle at the address (seed, `order`, epoch), with the
 * number of the list as the sample word, from 0.
 */
export function epochOrder(count: number, seed: number, epoch: number, list = 0): Int32Array {
  return shuffle(new RandomStream({ seed, stream: 'order', epoch, sample: list }), count);
}

/**
 * The places of an epoch's order to try, one after the other, for the sample of place `place` until
 * one is usable: itself; then the same place of each following batch, round the epoch, so that two
 * samples of a batch seldom want the same stand-in; at last all others, from the next place on. It
 * depends on nothing but its arguments, so that every worker count and every resumed run agree.
 */
export function* standIns(
  place: number,
  count: number,
  batchSize: number,
): Generator<number, undefined> {
  const delivered = count - (count % batchSize);
  for (let step = 0; step < delivered; step += batchSize) yield (place + step) % delivered;
  for (let step = 1; step < count; step++) yield (place + step) % count;
  return undefined;
}

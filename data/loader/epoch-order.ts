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
 * The places of an epoch's order to try first for the sample of place `place`: the same place of each
 * following batch, round the epoch. Two samples of a batch never want the same one, so that it takes
 * nothing but the arguments to tell them, at any number of workers and of processes.
 */
export function* rowOf(
  place: number,
  count: number,
  batchSize: number,
): Generator<number, undefined> {
  const delivered = count - (count % batchSize);
  for (let step = batchSize; step < delivered; step += batchSize) yield (place + step) % delivered;
  return undefined;
}

/** The places to try at last: all others, from the next one on. */
export function* othersOf(place: number, count: number): Generator<number, undefined> {
  for (let step = 1; step < count; step++) yield (place + step) % count;
  return undefined;
}

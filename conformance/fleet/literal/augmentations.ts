import type { HostTensor, Named } from '../../../core/backend.js';
import type { FunctionAttributes } from '../../../protocol/function-call.js';
import { integers } from '../../functions/exact.js';
import { integersOfWords, wordsOf } from './integers.js';

/** The words of a stream at the replicate of an augmentation. */
function words(stream: bigint, attributes: FunctionAttributes): () => bigint {
  const [replicate, repeat] = [Number(attributes.replicate), Number(attributes.repeat)];
  const own = repeat === 0 ? replicate : Math.min(replicate, 4095) + 4096 * repeat;
  return wordsOf(stream, { ...attributes, replicate: own });
}

const uniform = (word: bigint): number => Math.floor(Number(word) / 2 ** 8) / 2 ** 24;

/** x with Phi(x) = p, by Newton's steps on the series of Phi: another way than that of the specification. */
function normal(p: number): number {
  if (p < 0.5) return -normal(1 - p);
  let x = 0;
  for (let step = 0; step < 200; step++) {
    const density = Math.exp(-x * x * 0.5) / Math.sqrt(2 * Math.PI);
    let [term, sum] = [x, x];
    for (let k = 3; Math.abs(term) > 1e-18 * Math.abs(sum); k += 2) {
      term *= (x * x) / k;
      sum += term;
    }
    const change = (p - 0.5 - density * sum) / density;
    x += change;
    if (Math.abs(change) < 1e-15) break;
  }
  return x;
}

export function augmentations(attributes: FunctionAttributes): Named<HostTensor> {
  const next = words(13n, attributes);
  const integer = integersOfWords(next);
  const operations: number[] = [];
  const levels: number[] = [];
  for (let layer = 0; layer < Number(attributes.layers); layer++) {
    const operation = integer(15);
    const isDone = uniform(next()) < 0.5;
    const n = normal((Number(next()) + 0.5) / 2 ** 32);
    const drawn = Number(attributes.magnitude) + Math.fround(Number(attributes.deviation) * n);
    const sign = integer(2) === 0 ? 1 : -1;
    if (!isDone) continue;
    const m = Math.min(10, Math.max(0, drawn)) / 10;
    operations.push(operation);
    if (operation < 3) levels.push(0);
    else if (operation === 3) levels.push(sign * m * 30);
    else if (operation === 4) levels.push(4 - Math.trunc(m * 4));
    else if (operation === 5) levels.push(256 - Math.trunc(m * 256));
    else if (operation === 6) levels.push(Math.trunc(m * 110));
    else if (operation < 11) levels.push(1 + sign * m * 0.9);
    else levels.push(sign * m * (operation < 13 ? 0.3 : 0.45));
  }
  const bits = new Int32Array(Float32Array.from(levels, (level) => level + 0).buffer);
  return { operations: integers(operations), bits: integers(bits) };
}

export function erasedBox(attributes: FunctionAttributes): Named<HostTensor> {
  const next = words(14n, attributes);
  const integer = integersOfWords(next);
  const size = Number(attributes.size);
  const none = { box: integers([]) };
  if (uniform(next()) >= Number(attributes.probability)) return none;
  const widest = -Math.log(0.3);
  for (let attempt = 0; attempt < 100; attempt++) {
    const area = (0.02 + (1 / 3 - 0.02) * uniform(next())) * size * size;
    const shape = Math.exp(-widest + 2 * widest * uniform(next()));
    const height = Math.floor(Math.sqrt(area * shape) + 0.5);
    const width = Math.floor(Math.sqrt(area / shape) + 0.5);
    if (height < 1 || width < 1 || height >= size || width >= size) continue;
    const top = integer(size - height + 1);
    const left = integer(size - width + 1);
    return { box: integers([top, top + height, left, left + width]) };
  }
  return none;
}

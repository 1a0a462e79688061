import type { HostTensor, Named } from '../../core/backend.js';
import type { BatchSample, ClipBatch } from '../../data/index.js';
import {
  drawMix,
  LacunaError,
  mixWeights,
  RandomStream,
  type StreamName,
} from '../../spec/index.js';
import { classifierTraining, finetuningOf } from '../classifier.js';
import type { HeadClasses } from '../manifest.js';
import type { RunSettings } from '../settings/config.js';
import { labelsOf } from './clip-labels.js';

/** Turns batches of clips into what a fine-tuning step reads: frames, labels, and the numbers that are drawn for it. */
export class ClassifierFeeds {
  readonly #settings: RunSettings;
  /** Of each head the number of each class. */
  readonly #heads: readonly {
    readonly name: string;
    readonly numbers: ReadonlyMap<string, number>;
  }[];

  constructor(settings: RunSettings, heads: readonly HeadClasses[]) {
    this.#settings = settings;
    this.#heads = heads.map(({ name, classes }) => ({
      name,
      numbers: new Map(classes.map((each, number) => [each, number])),
    }));
  }

  /** Everything depends on (seed, epoch, sample), and the mixing on (seed, epoch, step), alone. */
  feeds(batch: ClipBatch): Named<HostTensor> {
    const { video, samples } = batch;
    const { clip, encoder, seed } = this.#settings;
    const { dropPath, dropout, mixes } = classifierTraining(this.#settings);
    const { frames, size } = clip;
    return {
      frames: { dtype: 'u8', shape: [samples.length, frames, size, size, 3], data: video },
      ...Object.fromEntries(
        this.#heads.map(({ name, numbers }) => [
          `labels.${name}`,
          labelNumbers(samples, name, numbers),
        ]),
      ),
      ...(mixes ? this.#mix(batch) : {}),
      ...(dropPath === 0
        ? {}
        : { 'drop_path.uniform': uniforms(samples, seed, 'dropPath', 2 * encoder.depth) }),
      ...(dropout === 0
        ? {}
        : { 'dropout.uniform': uniforms(samples, seed, 'dropout', encoder.width) }),
    };
  }

  #mix({ epoch, step }: ClipBatch): Named<HostTensor> {
    const { seed, clip } = this.#settings;
    const { mixup, cutmix, mixProbability, switchProbability } = finetuningOf(this.#settings);
    const config = { mixup, cutmix, probability: mixProbability, switchProbability };
    const draw = new RandomStream({ seed, stream: 'mix', epoch, sample: step });
    const mix = drawMix(config, clip.size, draw);
    return {
      'mix.weights': {
        dtype: 'f32',
        shape: [clip.size, clip.size],
        data: mixWeights(mix, clip.size),
      },
      'mix.share': { dtype: 'f32', shape: [], data: Float32Array.of(mix.share) },
    };
  }
}

function labelNumbers(
  samples: readonly BatchSample[],
  head: string,
  numbers: ReadonlyMap<string, number>,
): HostTensor {
  const data = Int32Array.from(samples, ({ record }) => {
    const number = numbers.get(labelsOf(record)[head] ?? '');
    if (number !== undefined) return number;
    throw new LacunaError({ where: record.id, what: `this clip has no class of the head ${head}` });
  });
  return { dtype: 'i32', shape: [samples.length], data };
}

/** f32 [B, columns]: of each sample the first uniform numbers at its address. */
function uniforms(
  samples: readonly BatchSample[],
  seed: number,
  stream: StreamName,
  columns: number,
): HostTensor {
  const data = new Float32Array(samples.length * columns);
  samples.forEach(({ epoch, word, repeat = 0 }, row) => {
    const draw = new RandomStream({ seed, stream, epoch, sample: word, replicate: repeat });
    for (let i = 0; i < columns; i++) data[row * columns + i] = draw.uniform();
  });
  return { dtype: 'f32', shape: [samples.length, columns], data };
}

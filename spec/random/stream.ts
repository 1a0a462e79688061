import { LacunaError } from '../errors.js';
import { multiplyHigh, philox4x32, type Words4 } from './philox.js';

/**
 * What is drawn. Each purpose has a word space of its own, so that adding a draw to one never
 * shifts another. The numbers are normative: never renumber, only append.
 */
export const STREAMS: Readonly<Record<StreamName, number>> = {
  parameter: 0,
  order: 1,
  frames: 2,
  crop: 3,
  flip: 4,
  caption: 5,
  videoMask: 6,
  textMask: 7,
  dropPath: 8,
  demo: 9,
  test: 10,
};

export type StreamName =
  | 'parameter'
  | 'order'
  | 'frames'
  | 'crop'
  | 'flip'
  | 'caption'
  | 'videoMask'
  | 'textMask'
  | 'dropPath'
  | 'demo'
  | 'test';

/** The address of a sequence of random words. */
export interface DrawAddress {
  /** The run's seed, an integer in [0, 2^53). */
  readonly seed: number;
  readonly stream: StreamName;
  /** Which of several independent draws for the same purpose (a repeated augmentation, a slot). @defaultValue 0 */
  readonly replicate?: number;
  /** @defaultValue 0 */
  readonly epoch?: number;
  /** The digest of the sample's id: see `sampleWord`. @defaultValue 0 */
  readonly sample?: number;
}

const WORD = 0x1_0000_0000;

/**
 * The random words at an address, in order: counter = (block, stream * 2^16 + replicate, epoch,
 * sample), key = seed. Two streams with equal addresses give equal words, on any machine.
 */
export class RandomStream {
  readonly #key: readonly [number, number];
  readonly #tail: readonly [number, number, number];
  #block = 0;
  #words: Words4 = [0, 0, 0, 0];
  #used = 4;

  constructor({ seed, stream, replicate = 0, epoch = 0, sample = 0 }: DrawAddress) {
    requireInteger('seed', seed, Number.MAX_SAFE_INTEGER);
    requireInteger('replicate', replicate, 0xffff);
    requireInteger('epoch', epoch, WORD - 1);
    requireInteger('sample', sample, WORD - 1);
    this.#key = [seed % WORD, Math.floor(seed / WORD)];
    this.#tail = [STREAMS[stream] * 0x10000 + replicate, epoch, sample];
  }

  /** The next word, uniform over the integers in [0, 2^32). */
  word(): number {
    if (this.#used === 4) {
      this.#words = philox4x32([this.#block++, ...this.#tail], this.#key);
      this.#used = 0;
    }
    return this.#words[this.#used++] as number;
  }

  /**
   * An integer, uniform over [0, n), by Lemire's method: the upper word of word * n, rejecting
   * those lower words that would make some results likelier than others.
   */
  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > WORD) {
      throw new LacunaError({
        what: 'the range of an integer draw is out of bounds',
        got: String(n),
        expected: 'an integer in [1, 2^32]',
      });
    }
    if (n === WORD) return this.word();
    const threshold = (WORD - n) % n;
    for (;;) {
      const word = this.word();
      if (Math.imul(word, n) >>> 0 >= threshold) return multiplyHigh(word, n);
    }
  }

  /** A float32 in [0, 1): the upper 24 bits of a word, times 2^-24 (exact). */
  uniform(): number {
    return (this.word() >>> 8) / 0x100_0000;
  }
}

function requireInteger(name: string, value: number, maximum: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= maximum) return;
  throw new LacunaError({
    what: `the ${name} of a random draw is out of bounds`,
    got: String(value),
    expected: `an integer in [0, ${maximum}]`,
  });
}

import { LacunaError } from '../errors.js';
import { normalOfWord } from './normal.js';
import { multiplyHigh, philoxBlocks, type Words2 } from './philox.js';

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
  mix: 11,
  dropout: 12,
  augment: 13,
  erase: 14,
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
  | 'test'
  | 'mix'
  | 'dropout'
  | 'augment'
  | 'erase';

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
 * sample), key = seed, block = 0, 1, ... with four words each. Two streams with equal addresses
 * give equal words, on any machine. One address holds 2^34 words.
 */
export class RandomStream {
  readonly #key: Words2;
  /** The next block, and what stays: the stream with its replicate, the epoch, the sample. */
  readonly #counter: [number, number, number, number];
  readonly #words: Uint32Array = new Uint32Array(4);
  #used = 4;

  constructor({ seed, stream, replicate = 0, epoch = 0, sample = 0 }: DrawAddress) {
    requireInteger('seed', seed, Number.MAX_SAFE_INTEGER);
    requireInteger('replicate', replicate, 0xffff);
    requireInteger('epoch', epoch, WORD - 1);
    requireInteger('sample', sample, WORD - 1);
    this.#key = [seed % WORD, Math.floor(seed / WORD)];
    this.#counter = [0, STREAMS[stream] * 0x10000 + replicate, epoch, sample];
  }

  /** The next word, uniform over the integers in [0, 2^32). */
  word(): number {
    if (this.#used === 4) {
      this.#blocks(this.#words, 0, 1);
      this.#used = 0;
    }
    return this.#words[this.#used++] as number;
  }

  /** Fills `out` with the next words: those that as many calls of `word` would give, but faster. */
  words(out: Uint32Array): void {
    let i = 0;
    while (i < out.length && this.#used < 4) out[i++] = this.word();
    const blocks = Math.floor((out.length - i) / 4);
    this.#blocks(out, i, blocks);
    for (i += blocks * 4; i < out.length; i++) out[i] = this.word();
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
    for (;;) {
      const word = this.word();
      const lower = Math.imul(word, n) >>> 0;
      // The threshold lies below n: for most words it need not be known, and a division is slow.
      if (lower >= n || lower >= (WORD - n) % n) return multiplyHigh(word, n);
    }
  }

  /** A float32 in [0, 1): the upper 24 bits of a word, times 2^-24 (exact). */
  uniform(): number {
    return uniformOfWord(this.word());
  }

  /** A float32 with mean 0 and the given standard deviation: see `normalOfWord`. @defaultValue std 1 */
  normal(std = 1): number {
    return Math.fround(std * normalOfWord(this.word()));
  }

  #blocks(out: Uint32Array, start: number, blocks: number): void {
    const [block] = this.#counter;
    if (block + blocks > WORD) {
      throw new LacunaError({
        what: 'a random stream is used up',
        got: `${(block + blocks) * 4} words`,
        expected: 'at most 2^34 words at one address',
        fix: 'Draw the rest from another replicate.',
      });
    }
    philoxBlocks(out, start, blocks, this.#counter, this.#key);
    this.#counter[0] += blocks;
  }
}

/** The uniform float32 that stands for a word: floor(word / 2^8) * 2^-24, in [0, 1), exact. */
export function uniformOfWord(word: number): number {
  return (word >>> 8) / 0x100_0000;
}

function requireInteger(name: string, value: number, maximum: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= maximum) return;
  throw new LacunaError({
    what: `the ${name} of a random draw is out of bounds`,
    got: String(value),
    expected: `an integer in [0, ${maximum}]`,
  });
}

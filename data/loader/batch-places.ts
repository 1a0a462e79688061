import { LacunaError } from '../../spec/errors.js';
import { epochOrder, othersOf, rowOf } from './epoch-order.js';

/**
 * How the lists of a run share its batches. `quotas`: each batch has of each list its share, exactly.
 * `alternating`: each batch is of one list, and lists take turns; of every so many batches each list has
 * its share, exactly.
 *
 * Source: Frozen-in-Time and MCQ alternate (their batches are of one list, since clips of it have as
 * many frames). `quotas` is this project's choice: captions of both lists are then negatives of each other.
 */
export type Mixing = (typeof MIXINGS)[number];
export const MIXINGS = ['quotas', 'alternating'] as const;

/** A list's part in the batches. */
export interface Share {
  /** N: records of the list. */
  readonly count: number;
  /** Only the ratios of weights matter. */
  readonly weight: number;
}

/** Where a sample of a batch comes from. */
export interface Place {
  /** The list. */
  readonly source: number;
  /** The list's own epoch: the address of the sample's draws. */
  readonly epoch: number;
  /** The sample's number in its list. */
  readonly number: number;
  /**
   * The samples of its list that may stand in for it, in this order: those of its row in the other batches of
   * the epoch, which no other row of its batch has or wants; and then all others.
   */
  standIns(which: 'row' | 'others'): readonly number[];
}

/** No weight has more digits after the point. */
const WEIGHT_PARTS = 1000;

/**
 * Which samples a batch has: a function of (seed, step, lists) alone, so that every number of workers and
 * every resumed run agree. Of batch s, counted from the run's first, list k gives q_k samples, q_k = B w_k / w
 * (w the sum of all weights) in turn s_k = s (`quotas`), or all B or none, s_k then counting its own turns
 * (`alternating`). With S_k = floor(N_k / q_k) turns in an epoch of the list, turn s_k is turn s_k mod S_k of
 * its epoch floor(s_k / S_k): the samples of places (s_k mod S_k) q_k + j, j < q_k, of `epochOrder`. So no
 * sample stands in a batch twice, and the last N_k mod q_k of each epoch's order are left out. A list alone
 * has every batch.
 */
export class BatchPlaces {
  /** Batches in an epoch: as many as all samples of all lists fill. */
  readonly stepsPerEpoch: number;
  readonly #shares: readonly Share[];
  readonly #batchSize: number;
  readonly #seed: number;
  readonly #quotas: readonly number[];
  /** The list of each turn, over and over; none for `quotas`. */
  readonly #turns: readonly number[];
  readonly #orders: Map<number, Int32Array>[];

  /** @throws LacunaError for weights that a batch cannot have, and lists that are too short for it. */
  constructor(
    shares: readonly Share[],
    batchSize: number,
    seed: number,
    mixing: Mixing = 'quotas',
  ) {
    this.#shares = shares;
    this.#batchSize = batchSize;
    this.#seed = seed;
    this.#turns = mixing === 'alternating' && shares.length > 1 ? turnsOf(shares) : [];
    this.#quotas =
      this.#turns.length > 0 ? shares.map(() => batchSize) : quotasOf(shares, batchSize);
    this.#orders = shares.map(() => new Map());
    const total = shares.reduce((sum, { count }) => sum + count, 0);
    this.stepsPerEpoch = Math.floor(total / batchSize);
    for (const [k, { count }] of shares.entries()) {
      const quota = this.#quotas[k] ?? 0;
      if (count >= quota) continue;
      throw new LacunaError({
        what: 'a list is too short for its share of a batch',
        got: `${count} records, of which a batch takes ${quota}`,
        fix: 'Choose a smaller batch, a smaller weight or a longer list.',
      });
    }
  }

  /** The samples of a batch, those of a list after those of the one before it. */
  batch(epoch: number, step: number): readonly Place[] {
    const turn = epoch * this.stepsPerEpoch + step;
    const { length } = this.#turns;
    if (length === 0) return this.#quotas.flatMap((quota, k) => this.#take(k, quota, turn));
    const source = this.#turns[turn % length] ?? 0;
    const inPeriod = this.#turns.filter((each) => each === source).length;
    const before = this.#turns.slice(0, turn % length).filter((each) => each === source).length;
    return this.#take(source, this.#batchSize, Math.floor(turn / length) * inPeriod + before);
  }

  #take(source: number, quota: number, turn: number): readonly Place[] {
    const count = this.#shares[source]?.count ?? 0;
    const turns = Math.floor(count / quota);
    const epoch = Math.floor(turn / turns);
    const first = (turn % turns) * quota;
    const order = this.#order(source, epoch);
    return Array.from({ length: quota }, (_, j) => ({
      source,
      epoch,
      number: order[first + j] ?? 0,
      standIns: (which) => {
        const places =
          which === 'row' ? rowOf(first + j, count, quota) : othersOf(first + j, count);
        return [...places].map((place) => order[place] ?? 0);
      },
    }));
  }

  /** Lists have orders of their own; the first has that of a list alone. */
  #order(source: number, epoch: number): Int32Array {
    const orders = this.#orders[source] as Map<number, Int32Array>;
    const known = orders.get(epoch);
    if (known !== undefined) return known;
    orders.delete(epoch - 2);
    const order = epochOrder(this.#shares[source]?.count ?? 0, this.#seed, epoch, source);
    orders.set(epoch, order);
    return order;
  }
}

/** Samples of each list in a batch. */
function quotasOf(shares: readonly Share[], batchSize: number): readonly number[] {
  const parts = partsOf(shares);
  const total = parts.reduce((sum, part) => sum + part, 0);
  const quotas = parts.map((part) => (batchSize * part) / total);
  if (quotas.every(Number.isInteger)) return quotas;
  throw new LacunaError({
    what: 'a batch cannot be shared between the lists by these weights',
    where: 'data.weight',
    got: `${quotas.map((quota) => quota.toFixed(2)).join(' and ')} of ${batchSize} clips`,
    expected: `whole numbers: a batch that is a multiple of ${total}, for example ${total * Math.max(1, Math.round(batchSize / total))}`,
    fix: 'Change the batch or the weights, or set data.mixing to "alternating".',
  });
}

/** The weights as whole numbers without a common divisor. */
function partsOf(shares: readonly Share[]): readonly number[] {
  const parts = shares.map(({ weight }) => Math.round(weight * WEIGHT_PARTS));
  const divisor = parts.reduce(greatestCommonDivisor);
  return parts.map((part) => part / divisor);
}

/** The list of each turn of a period, in which list k has part_k turns: always the one most behind. */
function turnsOf(shares: readonly Share[]): readonly number[] {
  const parts = partsOf(shares);
  const total = parts.reduce((sum, part) => sum + part, 0);
  const taken = parts.map(() => 0);
  return Array.from({ length: total }, (_, turn) => {
    const behind = parts.map((part, k) => part * (turn + 1) - total * (taken[k] ?? 0));
    const source = behind.indexOf(Math.max(...behind));
    taken[source] = (taken[source] ?? 0) + 1;
    return source;
  });
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

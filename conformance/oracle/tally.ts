import type { Failure, Finding } from '../check.js';

/** Counts what was judged, and keeps the worst of it. */
export class Tally {
  #elements = 0;
  #undecided = 0;
  #worst: { readonly ratio: number; readonly failure: Failure } | undefined;

  /**
   * Judges a number that may lie `radius` off.
   *
   * @param what Where it fails: what it is farther off than.
   */
  add(output: string, index: number, numbers: Numbers, what: string): void {
    const { got, want, radius } = numbers;
    this.#elements += 1;
    const off = Math.abs(got - want);
    const raw = off === 0 ? 0 : off / radius;
    const ratio = Number.isNaN(raw) ? Number.POSITIVE_INFINITY : raw;
    if (this.#worst !== undefined && ratio <= this.#worst.ratio) return;
    const [low, high] = [want - radius, want + radius];
    const deviation = { output, index: [index], got, want, low, high, ratio };
    this.#worst = { ratio, failure: { address: '', what, deviation } };
  }

  /** Counts elements that were judged elsewhere. */
  addJudged({ elements, undecided, worst }: JudgedElsewhere): void {
    this.#elements += elements;
    this.#undecided += undecided;
    if (worst === undefined || worst.ratio <= (this.#worst?.ratio ?? 0)) return;
    this.#worst = worst;
  }

  /** Counts an element of which too little is known. */
  skip(): void {
    this.#elements += 1;
    this.#undecided += 1;
  }

  /** @param address Of the check. */
  finding(address: string): Finding {
    const [elements, undecided] = [this.#elements, this.#undecided];
    const worstRatio = this.#worst?.ratio ?? 0;
    const found = { cases: 1, elements, undecided, worstRatio };
    if (this.#worst === undefined || worstRatio <= 1) return { ...found, verdict: 'pass' };
    return { ...found, verdict: 'fail', failure: { ...this.#worst.failure, address } };
  }
}

interface Numbers {
  readonly got: number;
  readonly want: number;
  readonly radius: number;
}

interface JudgedElsewhere {
  readonly elements: number;
  readonly undecided: number;
  readonly worst?: { readonly ratio: number; readonly failure: Failure };
}

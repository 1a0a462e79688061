import { erf } from '../../../reference/index.js';

/** A number, and what it was made of: with the derivative by each part. */
export interface Scalar {
  readonly value: number;
  readonly parts: readonly (readonly [part: Scalar, derivative: number])[];
  gradient: number;
}

/** Arithmetic of single numbers, each result rounded; it keeps what gradients need. */
export class Scalars {
  readonly #round: (x: number) => number;
  readonly #made: Scalar[] = [];

  constructor(round: (x: number) => number) {
    this.#round = round;
  }

  of(value: number): Scalar {
    return this.#make(value, []);
  }

  add(a: Scalar, b: Scalar): Scalar {
    return this.#make(a.value + b.value, [
      [a, 1],
      [b, 1],
    ]);
  }

  sub(a: Scalar, b: Scalar): Scalar {
    return this.#make(a.value - b.value, [
      [a, 1],
      [b, -1],
    ]);
  }

  mul(a: Scalar, b: Scalar): Scalar {
    return this.#make(a.value * b.value, [
      [a, b.value],
      [b, a.value],
    ]);
  }

  div(a: Scalar, b: Scalar): Scalar {
    const value = this.#round(a.value / b.value);
    return this.#make(value, [
      [a, 1 / b.value],
      [b, -value / b.value],
    ]);
  }

  exp(x: Scalar): Scalar {
    const value = this.#round(Math.exp(x.value));
    return this.#make(value, [[x, value]]);
  }

  log(x: Scalar): Scalar {
    return this.#make(Math.log(x.value), [[x, 1 / x.value]]);
  }

  sqrt(x: Scalar): Scalar {
    const value = this.#round(Math.sqrt(x.value));
    return this.#make(value, [[x, 0.5 / value]]);
  }

  erf(x: Scalar): Scalar {
    const slope = (2 / Math.sqrt(Math.PI)) * Math.exp(-x.value * x.value);
    return this.#make(erf(x.value), [[x, slope]]);
  }

  sum(list: readonly Scalar[]): Scalar {
    return list.reduce((total, x) => this.add(total, x), this.of(0));
  }

  mean(list: readonly Scalar[]): Scalar {
    return this.div(this.sum(list), this.of(list.length));
  }

  dot(a: readonly Scalar[], b: readonly Scalar[]): Scalar {
    return this.sum(a.map((x, i) => this.mul(x, at(b, i))));
  }

  /** The largest, as a number that no gradient flows through. */
  largest(list: readonly Scalar[]): Scalar {
    return this.of(Math.max(...list.map(({ value }) => value)));
  }

  /** The derivative of a result by everything that it was made of, in `gradient`. */
  goBack(from: Scalar): void {
    for (const each of this.#made) each.gradient = 0;
    from.gradient = 1;
    for (const { gradient, parts } of this.#made.toReversed()) {
      for (const [part, derivative] of parts) {
        const share = this.#round(gradient * this.#round(derivative));
        part.gradient = this.#round(part.gradient + share);
      }
    }
  }

  #make(value: number, parts: Scalar['parts']): Scalar {
    const made = { value: this.#round(value), parts, gradient: 0 };
    this.#made.push(made);
    return made;
  }
}

/** An element that is there. */
export function at<T>(list: readonly T[], i: number): T {
  const element = list[i];
  if (element === undefined) throw new Error(`there is no element ${i}`);
  return element;
}

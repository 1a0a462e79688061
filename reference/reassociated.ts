import type { ContractErrors } from '../spec/contracts/index.js';
import type { FloatType } from '../spec/program/index.js';
import type { Run } from './arithmetic.js';
import { type IntervalColumn, OWN_ROUNDOFF, set } from './interval-column.js';
import { Intervals, product } from './intervals.js';
import {
  factor,
  inverse,
  negated,
  type Parts,
  PartsOf,
  plus,
  setProduct,
  setSum,
  term,
  times,
} from './regrouped.js';

/**
 * Intervals for what leaves the order of operations open: a function of the specification, which a port
 * implements by its formula; the body of a composite, which a backend may execute whole; and any program
 * under a contract of WGSL. The WGSL specification, section
 * "Reassociation and Fusion", lets an implementation reorder the operations of an expression where
 * the answer is the same if computed exactly, as (a + b) + c to a + (b + c) and (a b) / c to (a / c) b,
 * and asks for no accuracy in return: that "at least as accurate" is about fused operations.
 *
 * So a sum of sums is one sum, and a product of products and quotients is one product, however
 * elementwise operations have put them together, and is bounded as sums in any order are:
 * - n terms: gamma_(n-1) sum |x_k|;
 * - n factors: gamma_m |x_1 ... x_n|, where m counts 1 for a product and twice its ulps for a quotient,
 *   since a unit in the last place of x is at most 2 u |x|. What underflows on the way is then
 *   multiplied by other factors, so it counts times the product of those above 1; where that product
 *   leaves the range of the format, the result may be anything.
 * (N. Higham, "Accuracy and Stability of Numerical Algorithms", lemma 3.1 and section 4.2.)
 *
 * An operation alone has nothing to be reordered with: two terms or factors have the bounds of
 * `Intervals`. Functions, reductions and inner products end an expression, as loops do in a shader:
 * their results are single terms and factors again. The roundings of what an inner product reads are
 * counted with it; what would under- or overflow only in a grouping with its other factor is not.
 *
 * A literal stands for the number of its formula, such as 1 / n, which float64 has rounded already: an
 * implementation that divides by n has another, in float64, too.
 */
export class Reassociated extends Intervals {
  readonly #sums = new PartsOf();
  readonly #products = new PartsOf();
  readonly #quotient: ContractErrors['accuracy']['div'];
  /** Columns of products as inner products may read them. */
  readonly #factors = new WeakMap<IntervalColumn, IntervalColumn>();

  constructor(contract: ContractErrors) {
    super(contract);
    this.#quotient = contract.accuracy.div;
  }

  literal(data: ArrayLike<number>, dtype: FloatType): IntervalColumn {
    const out = this.load(data, dtype);
    for (let i = 0; i < out.value.length; i++) {
      const [value, low, high] = [out.value[i], out.low[i], out.high[i]] as [
        number,
        number,
        number,
      ];
      // Formulas mean short numbers, such as 0.5, as they are.
      if (!Number.isFinite(value) || Math.fround(value) === value) continue;
      const error = Math.abs(value) * OWN_ROUNDOFF;
      set(out, i, value, Math.min(low, value - error), Math.max(high, value + error));
    }
    return out;
  }

  override copy(out: IntervalColumn, i: number, x: IntervalColumn, j: number): void {
    super.copy(out, i, x, j);
    if (out.format !== x.format) return;
    for (const known of [this.#sums, this.#products]) {
      const parts = known.get(x, j);
      if (parts !== undefined) known.put(out, i, parts);
    }
  }

  override neg(out: IntervalColumn, x: IntervalColumn, i: number): void {
    super.neg(out, x, i);
    for (const known of [this.#sums, this.#products]) {
      const parts = known.get(x, i);
      if (parts !== undefined) known.put(out, i, negated(parts));
    }
  }

  override add(out: IntervalColumn, a: IntervalColumn, b: IntervalColumn, i: number): void {
    super.add(out, a, b, i);
    this.#sum(out, i, plus(this.#terms(a, i), this.#terms(b, i)));
  }

  override sub(out: IntervalColumn, a: IntervalColumn, b: IntervalColumn, i: number): void {
    super.sub(out, a, b, i);
    this.#sum(out, i, plus(this.#terms(a, i), negated(this.#terms(b, i))));
  }

  override mul(out: IntervalColumn, a: IntervalColumn, b: IntervalColumn, i: number): void {
    super.mul(out, a, b, i);
    const [x, y] = [this.#factorsOf(a, i), this.#factorsOf(b, i)];
    const within = product(x.low, x.high, y.low, y.high, a === b);
    this.#product(out, i, times(x, y, within, 1), isLone(x, y));
  }

  override div(out: IntervalColumn, a: IntervalColumn, b: IntervalColumn, i: number): void {
    super.div(out, a, b, i);
    const [x, divisor] = [this.#factorsOf(a, i), this.#factorsOf(b, i)];
    // The quotient may be anything already.
    if (divisor.low <= 0 && divisor.high >= 0) return;
    const y = inverse(divisor);
    const within = product(x.low, x.high, y.low, y.high, false);
    const roundings = Math.max(1, 2 * this.#quotient(divisor.low, divisor.high).ulps);
    this.#product(out, i, times(x, y, within, roundings), isLone(x, y));
  }

  override sum(
    out: IntervalColumn,
    i: number,
    x: IntervalColumn,
    base: number,
    offsets: Int32Array,
  ): void {
    super.sum(out, i, x, base, offsets);
    if (!this.#sums.has(x) || offsets.length === 0) return;
    const terms = Array.from(offsets, (offset) => this.#terms(x, base + offset));
    setSum(out, i, terms.reduce(plus));
  }

  override dot(
    out: IntervalColumn,
    i: number,
    a: Run<IntervalColumn>,
    b: Run<IntervalColumn>,
    count: number,
  ): void {
    const [left, right] = [this.#asFactors(a.column), this.#asFactors(b.column)];
    super.dot(out, i, { ...a, column: left }, { ...b, column: right }, count);
  }

  /** Two exactly known factors have one rounded product; with a third, they need not. */
  #asFactors(x: IntervalColumn): IntervalColumn {
    if (!this.#products.has(x)) return x;
    const known = this.#factors.get(x);
    if (known !== undefined) return known;
    const out = { ...x, low: x.low.slice(), high: x.high.slice() };
    for (let i = 0; i < x.value.length; i++) {
      const parts = this.#products.get(x, i);
      if (parts !== undefined) setProduct(out, i, parts);
    }
    this.#factors.set(x, out);
    return out;
  }

  #terms(x: IntervalColumn, i: number): Parts {
    return this.#sums.get(x, i) ?? term(x, i);
  }

  #factorsOf(x: IntervalColumn, i: number): Parts {
    return this.#products.get(x, i) ?? factor(x, i);
  }

  #sum(out: IntervalColumn, i: number, parts: Parts): void {
    this.#sums.put(out, i, parts);
    if (parts.roundings > 1) setSum(out, i, parts);
  }

  #product(out: IntervalColumn, i: number, parts: Parts, isLone: boolean): void {
    this.#products.put(out, i, parts);
    if (!isLone) setProduct(out, i, parts);
  }
}

/** Whether a product is of two factors only. */
function isLone(x: Parts, y: Parts): boolean {
  return x.roundings === 0 && y.roundings === 0;
}

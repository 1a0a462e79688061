/** A natural number below `extent` that a kernel knows by an expression in u32. */
export interface Atom {
  readonly code: string;
  readonly extent: number;
  /** For what is made of another index: how. `opaque` may be anything that depends on it. */
  readonly division?: {
    readonly part: 'quotient' | 'remainder' | 'opaque';
    readonly of: Affine;
    readonly by: number;
  };
}

interface Term {
  readonly atom: Atom;
  readonly coefficient: number;
}

/**
 * An index: constant + sum of coefficient * atom, all of them natural numbers. Divisions by
 * constants are carried out here as far as the extents of the atoms tell their results, so that a
 * chain of reshapes, transposes and broadcasts ends as one short expression, and that two indices
 * which are equal read equal.
 */
export class Affine {
  readonly constant: number;
  readonly terms: readonly Term[];

  private constructor(constant: number, terms: readonly Term[]) {
    this.constant = constant;
    this.terms = terms;
  }

  static constant(value: number): Affine {
    return new Affine(value, []);
  }

  /** The variable `code`, below `extent`. */
  static variable(code: string, extent: number): Affine {
    return Affine.of({ code, extent });
  }

  /** One more than the largest value; 0 where an atom has no values. */
  get extent(): number {
    if (this.terms.some(({ atom }) => atom.extent === 0)) return 0;
    return this.terms.reduce(
      (sum, { atom, coefficient }) => sum + coefficient * (atom.extent - 1),
      this.constant + 1,
    );
  }

  /** A number below `extent` that `code` computes from the index `of`. */
  static opaque(code: string, extent: number, of: Affine): Affine {
    return Affine.of({ code, extent, division: { part: 'opaque', of, by: 0 } });
  }

  /** The expression in WGSL; equal texts are equal indices. */
  get code(): string {
    const terms = this.terms.map(({ atom, coefficient }) =>
      coefficient === 1 ? atom.code : `${atom.code} * ${coefficient}u`,
    );
    if (this.constant > 0 || terms.length === 0) terms.push(`${this.constant}u`);
    return terms.join(' + ');
  }

  /** Whether a variable occurs in it, also inside of a quotient or remainder. */
  has(variable: string): boolean {
    return this.terms.some(
      ({ atom }) => atom.code === variable || atom.division?.of.has(variable) === true,
    );
  }

  /** The coefficient of a variable, where it occurs as such or not at all; else undefined. */
  coefficient(variable: string): number | undefined {
    let found = 0;
    for (const { atom, coefficient } of this.terms) {
      if (atom.code === variable) found = coefficient;
      else if (atom.division?.of.has(variable) === true) return undefined;
    }
    return found;
  }

  /** The expression where a variable is 0. The variable must not stand inside a division. */
  without(variable: string): Affine {
    return new Affine(
      this.constant,
      this.terms.filter(({ atom }) => atom.code !== variable),
    );
  }

  /**
   * The expression where a variable is written `count * (variable / count) + rest`, so that divisions by
   * multiples of `count` are seen to be the same for all `rest`. Undefined where the variable stands inside
   * of a division, or its extent is no multiple.
   */
  split(variable: string, count: number, rest: string): Affine | undefined {
    const coefficient = this.coefficient(variable);
    const found = this.terms.find(({ atom }) => atom.code === variable);
    if (coefficient === undefined || found === undefined) return undefined;
    const { extent } = found.atom;
    if (extent % count !== 0) return undefined;
    const counted = `(${variable} / ${count}u)`;
    const many = Affine.opaque(counted, extent / count, Affine.of(found.atom)).times(count);
    const one = many.plus(Affine.variable(rest, count));
    return this.without(variable).plus(one.times(coefficient));
  }

  /** The expression divided by a number, where that divides the constant and every coefficient. */
  over(divisor: number): Affine | undefined {
    const all = [this.constant, ...this.terms.map(({ coefficient }) => coefficient)];
    return all.every((part) => part % divisor === 0) ? this.dividedBy(divisor).quotient : undefined;
  }

  plus(other: Affine): Affine {
    return Affine.#sum(this.constant + other.constant, [...this.terms, ...other.terms]);
  }

  times(factor: number): Affine {
    const terms = this.terms.map(({ atom, coefficient }) => ({
      atom,
      coefficient: coefficient * factor,
    }));
    return Affine.#sum(this.constant * factor, terms);
  }

  /** The quotient and the remainder of the division by a positive constant. */
  dividedBy(divisor: number): { readonly quotient: Affine; readonly remainder: Affine } {
    // Terms that are multiples of the divisor go into the quotient. What remains is the remainder where
    // it is below the divisor.
    const whole = this.terms.filter(({ coefficient }) => coefficient % divisor === 0);
    const rest = Affine.#sum(
      this.constant % divisor,
      this.terms.filter(({ coefficient }) => coefficient % divisor !== 0),
    );
    const multiples = Affine.#sum(
      Math.floor(this.constant / divisor),
      whole.map(({ atom, coefficient }) => ({ atom, coefficient: coefficient / divisor })),
    );
    if (rest.extent <= divisor) return { quotient: multiples, remainder: rest };
    const inner = rest.#dividedByFactor(divisor) ?? rest.#dividedOpaquely(divisor);
    return { quotient: multiples.plus(inner.quotient), remainder: inner.remainder };
  }

  /** Division of g * high + low, low < g, where g divides the divisor: that of high by divisor / g. */
  #dividedByFactor(
    divisor: number,
  ): { readonly quotient: Affine; readonly remainder: Affine } | undefined {
    const factors = [...new Set(this.terms.map(({ coefficient }) => coefficient))];
    for (const factor of factors.sort((a, b) => b - a)) {
      if (factor === 1 || divisor % factor !== 0) continue;
      const high = this.terms.filter(({ coefficient }) => coefficient % factor === 0);
      const low = Affine.#sum(
        this.constant % factor,
        this.terms.filter(({ coefficient }) => coefficient % factor !== 0),
      );
      if (low.extent > factor) continue;
      const reduced = Affine.#sum(
        Math.floor(this.constant / factor),
        high.map(({ atom, coefficient }) => ({ atom, coefficient: coefficient / factor })),
      );
      const { quotient, remainder } = reduced.dividedBy(divisor / factor);
      return { quotient, remainder: remainder.times(factor).plus(low) };
    }
    return undefined;
  }

  #dividedOpaquely(divisor: number): { readonly quotient: Affine; readonly remainder: Affine } {
    const by = { of: this, by: divisor };
    return {
      quotient: Affine.of({
        code: `(${this.#operand} / ${divisor}u)`,
        extent: Math.ceil(this.extent / divisor),
        division: { part: 'quotient', ...by },
      }),
      remainder: Affine.of({
        code: `(${this.#operand} % ${divisor}u)`,
        extent: divisor,
        division: { part: 'remainder', ...by },
      }),
    };
  }

  get #operand(): string {
    const simple =
      this.terms.length === 1 && this.constant === 0 && this.terms[0]?.coefficient === 1;
    return simple ? this.code : `(${this.code})`;
  }

  static of(atom: Atom): Affine {
    // An atom is a number below its extent: below 1 there is 0 alone.
    return atom.extent === 1 ? new Affine(0, []) : new Affine(0, [{ atom, coefficient: 1 }]);
  }

  static #sum(constant: number, terms: readonly Term[]): Affine {
    const sums = new Map<string, Term>();
    for (const { atom, coefficient } of terms) {
      const known = sums.get(atom.code)?.coefficient ?? 0;
      if (known + coefficient !== 0) {
        sums.set(atom.code, { atom, coefficient: known + coefficient });
      }
    }
    return recombined(constant, sums) ?? new Affine(constant, sorted(sums));

    /** (x / d) * d * c + (x % d) * c = x * c */
    function recombined(offset: number, found: Map<string, Term>): Affine | undefined {
      for (const { atom, coefficient } of found.values()) {
        if (atom.division?.part !== 'remainder') continue;
        const { of, by } = atom.division;
        const partner = [...found.values()].find(
          ({ atom: { division }, coefficient: other }) =>
            division?.part === 'quotient' &&
            division.by === by &&
            division.of.code === of.code &&
            other === coefficient * by,
        );
        if (partner === undefined) continue;
        found.delete(atom.code);
        found.delete(partner.atom.code);
        return Affine.#sum(offset, [...found.values()]).plus(of.times(coefficient));
      }
      return undefined;
    }
  }
}

/** Largest coefficient first; then by text. */
function sorted(terms: ReadonlyMap<string, Term>): readonly Term[] {
  return [...terms.values()].sort(
    (a, b) => b.coefficient - a.coefficient || (a.atom.code < b.atom.code ? -1 : 1),
  );
}

/** The place of an element in row-major order. */
export function linearIndex(index: readonly Affine[], shape: readonly number[]): Affine {
  let stride = 1;
  let sum = Affine.constant(0);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    sum = sum.plus((index[axis] as Affine).times(stride));
    stride *= shape[axis] as number;
  }
  return sum;
}

/** The index along each axis of the element at a place; no extent is 0. */
export function axisIndices(linear: Affine, shape: readonly number[]): readonly Affine[] {
  const index: Affine[] = [];
  let rest = linear;
  for (let axis = shape.length - 1; axis > 0; axis--) {
    const { quotient, remainder } = rest.dividedBy(shape[axis] as number);
    index.unshift(remainder);
    rest = quotient;
  }
  return shape.length === 0 ? [] : [rest, ...index];
}

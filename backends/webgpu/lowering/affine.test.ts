import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Affine, axisIndices, linearIndex } from './affine.js';

const shapes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 0, maxLength: 4 });

/** The value of an index at a value of its variable `i`. */
function valueAt(index: Affine, i: number): number {
  return evaluate(index.code.replaceAll(/(\d+)u/g, '$1').replaceAll(/\bi\b/g, String(i)));
}

/** + * / % and brackets of natural numbers, as WGSL has them in u32. */
function evaluate(code: string): number {
  const tokens = code.match(/\d+|[()+*/%]/g) ?? [];
  let at = 0;
  const primary = (): number => {
    const token = tokens[at++];
    if (token !== '(') return Number(token);
    const value = sum();
    at++;
    return value;
  };
  const product = (): number => {
    let value = primary();
    while (['*', '/', '%'].includes(tokens[at] ?? '')) {
      const operator = tokens[at++];
      const other = primary();
      if (operator === '*') value *= other;
      else value = operator === '/' ? Math.floor(value / other) : value % other;
    }
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (tokens[at] === '+') {
      at++;
      value += product();
    }
    return value;
  };
  return sum();
}

describe('an index', () => {
  it('goes through any reshapes, transposes and broadcasts as the elements do', () => {
    fc.assert(
      fc.property(shapes, fc.infiniteStream(fc.nat()), (shape, draws) => {
        const count = shape.reduce((a, b) => a * b, 1);
        let extents = shape;
        let index = axisIndices(Affine.variable('i', count), extents);
        let places = Array.from({ length: count }, (_, i) => i);
        for (let step = 0; step < 3; step++) {
          // Transpose by a rotation, then reshape by merging two axes and splitting none.
          const turn = (draws.next().value as number) % Math.max(1, extents.length);
          const next = [...extents.slice(turn), ...extents.slice(0, turn)];
          index = [...index.slice(turn), ...index.slice(0, turn)];
          places = places.map((place) => {
            const axes = digits(place, extents);
            return number([...axes.slice(turn), ...axes.slice(0, turn)], next);
          });
          extents = next;
          const linear = linearIndex(index, extents);
          const merged =
            extents.length < 2
              ? extents
              : [(extents[0] as number) * (extents[1] as number), ...extents.slice(2)];
          extents = merged;
          index = axisIndices(linear, extents);
        }
        const linear = linearIndex(index, extents);
        for (let i = 0; i < count; i++) expect(valueAt(linear, i)).toBe(places[i]);
        expect(linear.extent).toBeLessThanOrEqual(Math.max(1, count));
      }),
    );
  });

  it('comes back from its axes as it was', () => {
    const i = Affine.variable('i', 24);
    const index = linearIndex(axisIndices(i, [2, 3, 4]), [2, 3, 4]);
    expect(index.code).toBe('i');
  });

  it('divides what it can tell', () => {
    const row = Affine.variable('row', 10);
    const column = Affine.variable('col', 8);
    const place = row.times(8).plus(column);
    expect(place.dividedBy(8).quotient.code).toBe('row');
    expect(place.dividedBy(8).remainder.code).toBe('col');
    expect(place.dividedBy(16).quotient.code).toBe('(row / 2u)');
    expect(place.dividedBy(16).remainder.code).toBe('(row % 2u) * 8u + col');
    expect(place.coefficient('col')).toBe(1);
    expect(place.dividedBy(16).remainder.coefficient('row')).toBeUndefined();
  });
});

function digits(place: number, shape: readonly number[]): number[] {
  const out: number[] = [];
  let rest = place;
  for (const extent of [...shape].reverse()) {
    out.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return out;
}

function number(axes: readonly number[], shape: readonly number[]): number {
  return axes.reduce((sum, digit, axis) => sum * (shape[axis] as number) + digit, 0);
}

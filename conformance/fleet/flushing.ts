import { type Arithmetic, float32, LIBRARY } from '../../reference/index.js';
import { BINARY32_FLUSHED } from '../../spec/contracts/index.js';

type Column = Float32Array;

/** 0 for a number below the least normal one. */
const flushed = (x: number): number => (Math.abs(x) < BINARY32_FLUSHED.flushBelow ? 0 * x : x);
const rounded = (x: number): number => flushed(Math.fround(x));
const at = (x: Column, i: number): number => flushed(x[i] as number);

/** Float32 that reads and writes every subnormal number as 0, each partial sum too; copies keep them. */
export function flushing(): Arithmetic<Column> {
  const plain = float32({ summation: 'sequential' });
  const binary =
    (apply: (a: number, b: number) => number): Arithmetic<Column>['add'] =>
    (out, a, b, i) => {
      out[i] = rounded(apply(at(a, i), at(b, i)));
    };
  return {
    ...plain,
    name: 'float32, flushing',
    add: binary((a, b) => a + b),
    sub: binary((a, b) => a - b),
    mul: binary((a, b) => a * b),
    div: binary((a, b) => a / b),
    min: binary(Math.min),
    max: binary(Math.max),
    library: (name, out, x, i) => {
      out[i] = rounded(LIBRARY[name].value(at(x, i)));
    },
    compare: (direction, a, b, i) =>
      plain.compare(direction, Float32Array.of(at(a, i)), Float32Array.of(at(b, i)), 0),
    sum: (out, i, x, base, offsets) => {
      let total = 0;
      for (const offset of offsets) total = rounded(total + at(x, base + offset));
      out[i] = total;
    },
    dot: (out, i, a, b, count) => {
      let total = 0;
      for (let n = 0; n < count; n++) {
        const [x, y] = [at(a.column, a.start + n * a.step), at(b.column, b.start + n * b.step)];
        total = rounded(total + rounded(x * y));
      }
      out[i] = total;
    },
  };
}

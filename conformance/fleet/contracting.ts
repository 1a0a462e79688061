import { type Arithmetic, float32 } from '../../reference/index.js';

type Column = Float32Array;

/** Float32 that adds products unrounded, wherever a sum or difference has one: fused multiply-add. */
export function contracting(): Arithmetic<Column> {
  const plain = float32({ summation: 'sequential', fused: true });
  const products = new WeakMap<Column, Float64Array>();
  const sum =
    (sign: 1 | -1): Arithmetic<Column>['add'] =>
    (out, a, b, i) => {
      const [left, right] = [products.get(a)?.[i], products.get(b)?.[i]];
      // One of two products is rounded first, as one instruction has it.
      const x = left ?? (a[i] as number);
      const y = left === undefined ? (right ?? (b[i] as number)) : (b[i] as number);
      out[i] = x + sign * y;
    };
  return {
    ...plain,
    name: 'float32, contracting',
    mul: (out, a, b, i) => {
      const product = (a[i] as number) * (b[i] as number);
      const kept = products.get(out) ?? new Float64Array(out.length);
      kept[i] = product;
      products.set(out, kept);
      out[i] = product;
    },
    add: sum(1),
    sub: sum(-1),
  };
}

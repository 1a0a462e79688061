import { type Arithmetic, float32 } from '../../reference/index.js';

type Column = Float32Array;
type Elementwise = Arithmetic<Column>['add'];
type Operation = 'add' | 'sub' | 'mul' | 'div';

/** How (a INNER b) OUTER c runs in another order, where that is exactly the same. */
const REGROUPED: Readonly<
  Partial<Record<`${Operation} ${Operation}`, (a: number, b: number, c: number) => number>>
> = {
  'add add': (a, b, c) => a + Math.fround(b + c),
  'add sub': (a, b, c) => Math.fround(a - c) + b,
  'sub add': (a, b, c) => a - Math.fround(b - c),
  'sub sub': (a, b, c) => Math.fround(a - c) - b,
  'mul mul': (a, b, c) => Math.fround(a * c) * b,
  'mul div': (a, b, c) => Math.fround(a / c) * b,
  'div mul': (a, b, c) => Math.fround(a * c) / b,
  'div div': (a, b, c) => Math.fround(a / c) / b,
};

/**
 * Float32 that never leaves an operation on a result of its kind as it is written: c (a b) runs as
 * (a c) b, a + (b - a) as (b + a) - a.
 */
export function regrouping(): Arithmetic<Column> {
  const plain = float32({ summation: 'pairwise' });
  const made = new WeakMap<Column, { readonly by: Operation; readonly of: readonly Column[] }>();
  const operation = (by: Operation): Elementwise => {
    const commutes = by === 'add' || by === 'mul';
    return (out, a, b, i) => {
      made.set(out, { by, of: [a, b] });
      plain[by](out, a, b, i);
      for (const [inner, c] of commutes ? [[b, a] as const, [a, b] as const] : [[a, b] as const]) {
        const source = made.get(inner);
        const regrouped = source && REGROUPED[`${source.by} ${by}`];
        const [x, y] = source?.of ?? [];
        if (regrouped === undefined || x === undefined || y === undefined) continue;
        out[i] = regrouped(x[i] as number, y[i] as number, c[i] as number);
        return;
      }
    };
  };
  return {
    ...plain,
    name: 'float32, regrouped',
    add: operation('add'),
    sub: operation('sub'),
    mul: operation('mul'),
    div: operation('div'),
  };
}

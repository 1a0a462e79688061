import {
  add,
  and,
  cast,
  compare,
  div,
  FUNCTION_NAMES,
  factsOf,
  finite,
  max,
  min,
  mul,
  neg,
  not,
  or,
  select,
  sub,
  tableOf,
  type Value,
} from '../../spec/program/index.js';
import { positive } from '../generators/data.js';
import { type SizedFamily, sizedFamily } from './sized-family.js';
import { type StretchedOutput, stretchedCase } from './stretched-case.js';

/** More elements than a backend's chunk, in a number that no chunk divides. */
const elementwise = sizedFamily(
  'real/elementwise',
  { gate: [{ count: 262_147 }], real: [{ count: 655_373 }] },
  ({ count, draw }: { readonly count: number; readonly draw: number }) =>
    stretchedCase(
      'elementwise',
      {
        axes: { i: { extent: count, kinds: 997 } },
        inputs: {
          x: { axes: ['i'] },
          y: { axes: ['i'], domain: positive },
          n: { axes: ['i'], dtype: 'i32', below: 2 ** 22 },
          pixel: { axes: ['i'], dtype: 'u8' },
          c: { axes: ['i'], dtype: 'bool' },
        },
        data: 'normal',
        draw,
      },
      ({ x, y, n, pixel, c }) => {
        const results: Readonly<Record<string, Value>> = {
          ...{ add: add(x, y), sub: sub(x, y), mul: mul(x, y), div: div(x, y) },
          ...{ min: min(x, y), max: max(x, y), neg: neg(x), select: select(c, x, y) },
          ...tableOf(FUNCTION_NAMES, (name) => {
            const argument = factsOf(name).domain === undefined ? x : y;
            return argument.builder.primitive(name, [argument], {});
          }),
          finite: finite(x),
          ...{ less: compare(x, 'lt', y), equal: compare(x, 'eq', y) },
          ...{ and: and(c, compare(x, 'lt', 0)), or: or(c, compare(x, 'lt', 0)), not: not(c) },
          ...{
            integer: cast(mul(x, 100), 'i32'),
            float: cast(n, 'f32'),
            shade: cast(pixel, 'f32'),
          },
          ...{ twice: add(n, n) },
        };
        return along(results, ['i']);
      },
    ),
  { clauses: ['op.programs'] },
);

/** More than 65,535 workgroups of 64 lanes, and of 256. */
const manyWorkgroups = sizedFamily(
  'real/workgroups',
  { gate: [{ count: 65_537 * 64 + 1 }], real: [{ count: 65_537 * 256 + 1 }] },
  ({ count, draw }: { readonly count: number; readonly draw: number }) =>
    stretchedCase(
      'workgroups',
      {
        axes: { i: { extent: count, kinds: 997 } },
        inputs: { x: { axes: ['i'] } },
        data: 'normal',
        draw,
      },
      ({ x }) => along({ result: add(mul(x, 3), 1) }, ['i']),
    ),
  { clauses: ['op.programs'] },
);

function along(
  results: Readonly<Record<string, Value>>,
  axes: readonly string[],
): Readonly<Record<string, StretchedOutput>> {
  return Object.fromEntries(
    Object.entries(results).map(([name, value]) => [name, { value, axes }]),
  );
}

export const SIZED_ELEMENTWISE: readonly SizedFamily[] = [elementwise, manyWorkgroups];

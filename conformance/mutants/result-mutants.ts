import {
  type Application,
  PRIMITIVES,
  type Primitives,
  type Tensor,
} from '../../reference/index.js';
import { CONTRACTS, roundTo } from '../../spec/contracts/index.js';
import {
  factsOf,
  isAccuracyName,
  isFloat,
  PRIMITIVE_NAMES,
  type PrimitiveName,
} from '../../spec/program/index.js';
import { meaningsWithPrimitives } from '../fleet/meanings.js';
import { type Mutant, meaningMutant } from './mutant.js';

export type Numbers = Float32Array | Int32Array | Uint8Array | Float64Array;

/** Ways in which the elements of any result may be wrong; `before` is the result before this one. */
export const DISTORTIONS: Readonly<
  Record<
    string,
    (
      data: Numbers,
      context: { readonly isFloat: boolean; readonly before: Numbers | undefined },
    ) => void
  >
> = {
  'the last element never written': (data) => {
    data.fill(0, -1);
  },
  'the first element repeated': (data) => {
    if (data.length > 1) data[1] = data[0] as number;
  },
  'moved by one element': (data) => {
    if (data.length > 1) data.copyWithin(1, 0);
  },
  'in reverse': (data) => {
    data.reverse();
  },
  'the tail beyond four elements not written': (data) => {
    if (data.length > 4) data.fill(0, data.length - (data.length % 4));
  },
  'what was there before': (data, { before }) => {
    if (before !== undefined && before.length === data.length) data.set(before);
  },
  'half of what was there before': (data, { before }) => {
    if (before === undefined || before.length !== data.length) return;
    data.set(before.subarray(0, data.length >> 1));
  },
  'rounded to tf32': (data, { isFloat: floats }) => {
    if (floats) edit(data, (x) => roundTo(x, 11, -126));
  },
  'rounded to bf16': (data, { isFloat: floats }) => {
    if (floats) edit(data, (x) => roundTo(x, 8, -126));
  },
  'off by one in four million': (data, { isFloat: floats }) => {
    if (floats) edit(data, (x) => x * (1 + 2 ** -22));
  },
  'one more': (data, { isFloat: floats }) => {
    if (!floats) edit(data, (x) => (data instanceof Uint8Array ? 1 - x : x + 1));
  },
};

function edit(data: Numbers, change: (x: number) => number): void {
  for (let i = 0; i < data.length; i++) data[i] = change(data[i] as number);
}

/** Whether a contract lets it be wrong by more than a distortion so small. */
function isWide(op: PrimitiveName): boolean {
  return isAccuracyName(op) && CONTRACTS['f32-ieee'].accuracy[op](1, 1).ulps > 0.5;
}

/** Whether no result has floats. */
function isExact(op: PrimitiveName): boolean {
  return ['bool', 'i32'].includes(factsOf(op).gives);
}

/** Whether the cases have results of floats alone: neg takes integers, too, but its cases have none. */
function isFloatsOnly(op: PrimitiveName): boolean {
  const { takes, gives } = factsOf(op);
  return op === 'neg' || (takes === 'floats' && gives === 'operand');
}

/** Every distortion of the result of every primitive. */
export function resultMutants(): readonly Mutant[] {
  return PRIMITIVE_NAMES.flatMap((op) =>
    Object.entries(DISTORTIONS).flatMap(([what, distort]) => {
      if (what.startsWith('off by one') && isWide(op)) return [];
      if (/rounded|off by/.test(what) && isExact(op)) return [];
      if (what === 'one more' && isFloatsOnly(op)) return [];
      const name = `primitive/${op}: ${what}`;
      return [
        meaningMutant(name, () => meaningsWithPrimitives(distorted(op, distort)), seenBy(op)),
      ];
    }),
  );
}

function seenBy(op: PrimitiveName): readonly string[] {
  return [`primitive/${op}`, 'composite/', 'objective/', 'program/random', 'law/', 'relation/'];
}

function distorted(op: PrimitiveName, distort: (typeof DISTORTIONS)[string]): Partial<Primitives> {
  const kept = new Map<string, Numbers>();
  const rule = <Column>(run: Application<never, Column>): Tensor<Column> => {
    const inner = PRIMITIVES[op] as (run: Application<never, Column>) => Tensor<Column>;
    const result = inner(run);
    const numbers = 'column' in result ? (result.column as Numbers) : result.data;
    const key = `${result.dtype}[${result.shape.join()}]`;
    const fresh = numbers.slice();
    distort(numbers, { isFloat: isFloat(result.dtype), before: kept.get(key) });
    kept.set(key, fresh);
    return result;
  };
  return { [op]: rule };
}

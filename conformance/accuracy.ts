import type { Backend, HostTensor } from '../core/backend.js';
import { bounds } from '../reference/index.js';
import { ACCURACY_NAMES, CONTRACTS } from '../spec/contracts/index.js';
import {
  type AccuracyName,
  type FunctionName,
  factsOf,
  isFunctionName,
  ProgramBuilder,
  type Value,
} from '../spec/program/index.js';
import { programCase } from './case.js';
import { makeTensor } from './generators/data.js';
import { backendSubject } from './subject.js';

/** How accurate a function was seen to be, beside what its contract grants. */
export interface AccuracyRow {
  readonly function: (typeof MEASURED)[number];
  /**
   * The largest error: of a function in units in the last place of the exact result, of a sum as a
   * share of the worst case of any order.
   */
  readonly observed: number;
  /** For functions: what the contract grants there, in the same unit. */
  readonly granted?: number;
  /** For sums: the largest error as a multiple of 4 sqrt(n) u sum |x|. */
  readonly statistical?: number;
  /** The argument at which it was. */
  readonly at?: number;
}

const COUNT = 2048;
/** Rows of what is summed, and of both factors of the product: bounds of more cost seconds. */
const SUMS_MEASURED = 16;
const SUMS = ['reduce_sum', 'matmul'] as const;

/** What is measured: functions of one number, what is rounded, and sums. */
export const MEASURED: readonly (AccuracyName | 'add' | 'mul' | (typeof SUMS)[number])[] = [
  ...ACCURACY_NAMES,
  'add',
  'mul',
  ...SUMS,
];

/** Brings numbers of all sizes to where a function has a value that is worth measuring. */
function domainOf(name: FunctionName): (x: number) => number {
  if (name === 'exp') return (x) => Math.max(-80, Math.min(80, 8 * x));
  const { domain, asked } = factsOf(name);
  if (asked !== undefined) return (x) => Math.max(asked.low, Math.min(asked.high, x));
  if (domain === undefined) return (x) => x;
  return domain === 'positive' ? (x) => Math.abs(x) + 2 ** -20 : Math.abs;
}

/** Measures the functions that contracts speak of, on numbers of several sizes. */
export async function measureAccuracy(backend: Backend): Promise<readonly AccuracyRow[]> {
  const rows: AccuracyRow[] = [];
  for (const name of ACCURACY_NAMES.filter(isFunctionName)) {
    const body = (x: Value): Value => x.builder.primitive(name, [x], {});
    rows.push(await measure(backend, name, body, domainOf(name)));
  }
  for (const name of ['div', 'add', 'mul'] as const) {
    const body = (x: Value, y: Value): Value => x.builder.primitive(name, [x, y], {});
    rows.push(await measure(backend, name, body, (x) => (x === 0 ? 1 : x)));
  }
  for (const name of SUMS) rows.push(await measureSum(backend, name));
  return rows;
}

async function measure(
  backend: Backend,
  name: AccuracyRow['function'],
  body: (x: Value, y: Value) => Value,
  domain: (x: number) => number,
): Promise<AccuracyRow> {
  const data = { regime: 'mixed', draw: 1, domain: (x: number) => Math.fround(domain(x)) } as const;
  const type = { dtype: 'f32', shape: [COUNT] } as const;
  const inputs = {
    x: makeTensor(type, { ...data, replicate: 0 }),
    y: makeTensor(type, { ...data, replicate: 1 }),
  };
  const { got, value } = await run(backend, inputs, body);
  let [observed, at, unit] = [0, 0, 1];
  value.forEach((want, i) => {
    const own = unitInLastPlace(want);
    const error = Math.abs((got[i] as number) - want) / own;
    if (Number.isFinite(want) && error > observed) {
      [observed, at, unit] = [error, inputs.x.data[i] as number, own];
    }
  });
  const { accuracy } = CONTRACTS[backend.info.contract];
  if (name === 'reduce_sum' || name === 'matmul') return { function: name, observed };
  if (name === 'add' || name === 'mul') return { function: name, observed, granted: 0.5, at };
  const { ulps, absolute } = accuracy[name](at, at);
  return { function: name, observed, granted: Math.max(ulps, absolute / unit), at };
}

async function measureSum(backend: Backend, name: (typeof SUMS)[number]): Promise<AccuracyRow> {
  const shape = [SUMS_MEASURED, COUNT];
  const inputs = {
    x: makeTensor({ dtype: 'f32', shape }, { regime: 'normal', draw: 2, replicate: 0 }),
    y: makeTensor({ dtype: 'f32', shape }, { regime: 'normal', draw: 2, replicate: 1 }),
  };
  const { got, value, radius } = await run(backend, inputs, (x, y) =>
    name === 'reduce_sum'
      ? x.builder.primitive('reduce_sum', [x], { axes: [1], keep: false })
      : x.builder.primitive('matmul', [x, y], { transpose_a: false, transpose_b: true }),
  );
  let observed = 0;
  value.forEach((want, i) => {
    const error = Math.abs((got[i] as number) - want);
    observed = Math.max(observed, error / (radius[i] as number));
  });
  // The worst case is about n u sum |x|, the statistical form 4 sqrt(n) u sum |x|.
  return { function: name, observed, statistical: (observed * Math.sqrt(COUNT)) / 4 };
}

async function run(
  backend: Backend,
  inputs: { readonly x: HostTensor; readonly y: HostTensor },
  body: (x: Value, y: Value) => Value,
): Promise<{ got: ArrayLike<number>; value: Float64Array; radius: Float64Array }> {
  const builder = new ProgramBuilder('accuracy');
  const x = builder.input('x', 'f32', inputs.x.shape, 'data');
  const y = builder.input('y', 'f32', inputs.y.shape, 'data');
  builder.output('result', body(x, y));
  const program = builder.finish();
  const opened = await backendSubject(backend).open(programCase(program, [inputs]));
  if (typeof opened === 'string') throw new Error(opened);
  try {
    const { result } = await opened.run(inputs);
    const allowed = bounds(program, inputs, CONTRACTS[backend.info.contract]).result;
    if (result === undefined || allowed === undefined || !('value' in allowed)) {
      throw new Error('the program of a measurement has one float output');
    }
    const radius = allowed.high.map((high, i) => (high - (allowed.low[i] as number)) / 2);
    return { got: result.data, value: allowed.value, radius };
  } finally {
    await opened.close();
  }
}

/** Of float32: the distance between numbers of the size of x. */
function unitInLastPlace(x: number): number {
  const size = Math.abs(x);
  if (size < 2 ** -126) return 2 ** -149;
  const guess = Math.floor(Math.log2(size));
  return 2 ** ((2 ** guess > size ? guess - 1 : guess) - 23);
}

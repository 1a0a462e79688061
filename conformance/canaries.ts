import fc from 'fast-check';
import type { HostTensor } from '../core/backend.js';
import type { FloatBounds } from '../reference/index.js';
import { CONTRACTS } from '../spec/contracts/index.js';
import { formatAddress } from './address.js';
import type { Check } from './check.js';
import { caseInRange } from './in-range.js';
import { judge as judgeOutput } from './judge.js';
import { runCase } from './run-case.js';
import type { Subject } from './subject.js';

/** An altered copy of the subject's own results, and whether it was judged as it must be. */
export interface Canary {
  readonly name: string;
  readonly address: string;
  readonly mustFail: boolean;
  readonly behaved: boolean;
}

/** The checks whose cases serve, the first that run on the subject. */
const HOSTS = [
  'primitive/mul',
  'primitive/matmul',
  'composite/softmax',
  'function/loss.mae/gradient',
  'function/optim.adamw',
  'function/model.forward',
  'function/mask.topk',
  'function/random.philox',
];

/** After so many cases that the subject fails or refuses another host is sought: its others are seldom better. */
const MISSES = 3;

/**
 * Judges altered copies of the subject's results: one element just outside its bound, one just
 * inside, NaN for a number, results transposed, results of another run, an element missing. If one
 * misbehaves, so does the suite: the run proves nothing.
 */
export async function runCanaries(
  subject: Subject,
  checks: readonly Check[],
  judge: typeof judgeOutput = judgeOutput,
): Promise<readonly Canary[]> {
  const canaries: Canary[] = [];
  for (const host of HOSTS) {
    const check = checks.find(({ id, family }) => id.startsWith(host) && family !== undefined);
    if (check?.family === undefined || canaries.length >= 12) continue;
    canaries.push(...(await alterations(subject, check.family, judge)));
  }
  return canaries;
}

async function alterations(
  subject: Subject,
  family: NonNullable<Check['family']>,
  judge: typeof judgeOutput,
): Promise<readonly Canary[]> {
  let misses = 0;
  for (const parameters of fc.sample(family.parameters, { seed: 1, numRuns: 20 })) {
    if (misses >= MISSES) return [];
    const contract = CONTRACTS[subject.info.contract];
    const drawn = caseInRange(family, parameters, subject.info.contract);
    // Only what is right can be altered: a subject that fails is for the checks to say.
    const result = await runCase(subject, drawn).catch((error: unknown) => String(error));
    if (typeof result === 'string') {
      misses += 1;
      continue;
    }
    if (result.failure?.breakdown === true) return [];
    if (result.failure !== undefined) {
      misses += 1;
      continue;
    }
    const { outputs } = result;
    const [inputs] = drawn.runs;
    if (inputs === undefined) continue;
    for (const [name, allowed] of Object.entries(drawn.expected(inputs, contract))) {
      const [got, other] = outputs.map((run) => run[name]);
      if (got === undefined || got.data.length < 4) continue;
      const address = formatAddress(family.id, parameters);
      const made = 'value' in allowed ? altered(got, other, allowed) : alteredIntegers(got);
      if (made === undefined) continue;
      return made.map(({ name: what, tensor, mustFail }) => {
        const { worst, mismatch } = judge(name, tensor, allowed);
        const failed = mismatch !== undefined || (worst?.ratio ?? 0) > 1;
        return { name: what, address, mustFail, behaved: failed === mustFail };
      });
    }
  }
  return [];
}

interface Alteration {
  readonly name: string;
  readonly tensor: HostTensor;
  readonly mustFail: boolean;
}

/**
 * Copies of a result, each with what must be said of it; undefined where the data do not serve: a result
 * of zeros alone is legal in reverse, too. Which copies are legal is found by plain comparison, so that
 * the judge is not asked about itself, and what the subject gave cannot make it look wrong.
 */
function altered(
  got: HostTensor,
  other: HostTensor | undefined,
  { low, high, value }: FloatBounds,
): readonly Alteration[] | undefined {
  const place = value.findIndex((want, i) => Number.isFinite(want) && low[i] !== high[i]);
  if (place === -1) return undefined;
  const isLegal = ({ data }: HostTensor): boolean =>
    data.length === value.length &&
    data.every(
      (x: number, i: number) =>
        Object.is(x, value[i]) || (x >= (low[i] as number) && x <= (high[i] as number)),
    );
  const edit = (change: (data: Float64Array) => void): HostTensor => {
    const data = Float64Array.from(got.data);
    change(data);
    return { ...got, data };
  };
  const [least, most] = [low[place] as number, high[place] as number];
  const list: Alteration[] = [
    { name: 'unaltered', tensor: got, mustFail: false },
    {
      name: 'one element just outside its bound',
      tensor: edit((data) => {
        data[place] = most + (most - least) * 0.01 + Math.abs(most) * 2 ** -45;
      }),
      mustFail: true,
    },
    {
      name: 'one element just inside its bound',
      tensor: edit((data) => {
        data[place] = most - (most - least) * 0.01;
      }),
      mustFail: false,
    },
    {
      name: 'NaN for a number',
      tensor: edit((data) => {
        data[place] = Number.NaN;
      }),
      mustFail: true,
    },
    { name: 'an element missing', tensor: { ...got, data: got.data.slice(1) }, mustFail: true },
    { name: 'the elements in reverse', tensor: edit((data) => data.reverse()), mustFail: true },
  ];
  if (other !== undefined) {
    list.push({ name: 'the results of another run', tensor: other, mustFail: true });
  }
  return list.every(({ tensor, mustFail }) => isLegal(tensor) !== mustFail) ? list : undefined;
}

function alteredIntegers(got: HostTensor): readonly Alteration[] {
  const edit = (change: (data: Int32Array) => void): HostTensor => {
    const data = Int32Array.from(got.data);
    change(data);
    return { ...got, data };
  };
  return [
    { name: 'unaltered', tensor: got, mustFail: false },
    {
      name: 'one integer more by 1',
      tensor: edit((data) => {
        data[0] = (data[0] ?? 0) + 1;
      }),
      mustFail: true,
    },
    { name: 'an element missing', tensor: { ...got, data: got.data.slice(1) }, mustFail: true },
    { name: 'the type of floats', tensor: { ...got, dtype: 'f32' }, mustFail: true },
  ];
}

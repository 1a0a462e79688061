import fc from 'fast-check';
import type { HostTensor, Named } from '../../core/backend.js';
import { float32 } from '../../reference/index.js';
import { CONTRACTS } from '../../spec/contracts/index.js';
import { LacunaError } from '../../spec/errors.js';
import type { Program } from '../../spec/program/index.js';
import type { Case, Family } from '../case.js';
import { ARITHMETIC_FAULTS } from '../fleet/faulty-arithmetic.js';
import { COMPOSITE_FAULTS } from '../fleet/faulty-composites.js';
import { float32Backend } from '../fleet/legal.js';
import { judge } from '../judge.js';
import { backendSubject, type Subject } from '../subject.js';
import { programMutant } from './mutant.js';
import { changes, programOf } from './program-mutants.js';

/** How small a mistake may be and still be found by a check. */
export interface Sharpness {
  readonly check: string;
  /** Mistakes that change a result of its cases, and how many of them left its bounds. */
  readonly tried: number;
  readonly found: number;
  /** The least that left them: what it is, and how far off in multiples of the bound. */
  readonly nearest?: Nearness;
  /** The largest that did not: where it lies in its bound. */
  readonly missed?: Nearness;
}

export interface Nearness {
  readonly mistake: string;
  /** Absent where no multiple says it: another shape, NaN for a number, an exact result missed. */
  readonly ratio?: number;
}

/** Cases of a family that are tried, and operations in them that are got wrong in all. */
const CASES = 8;
const OPERATIONS = 10_000;

/**
 * Makes every known mistake in the cases of a family, in float32 arithmetic that is legal otherwise, and
 * looks how far each leaves the bounds. Mistakes that change nothing there do not count; functions of
 * integers, which have no program, are exact.
 */
export async function sharpness(family: Family): Promise<Sharpness | undefined> {
  const drawn = fc
    .sample(family.parameters, { seed: 1, numRuns: CASES })
    .map((parameters) => family.make(parameters));
  if (drawn.every(({ program }) => program === undefined)) return undefined;
  const program = programOf(family);
  const cases = program.operations.length > 200 ? drawn.slice(0, 1) : drawn;
  const right = backendSubject(float32Backend('right', ARITHMETIC));
  const wanted: (readonly Named<string>[])[] = [];
  for (const each of cases) wanted.push((await results(right, each)).map(texts));
  const [found, missed]: [Found[], Found[]] = [[], []];
  for (const { name, open } of mistakes(program)) {
    let ratio = 0;
    let isSeen = false;
    for (const [index, each] of cases.entries()) {
      const off = await distance(open(), each, wanted[index] ?? []);
      isSeen ||= off !== undefined;
      ratio = Math.max(ratio, off ?? 0);
    }
    if (isSeen) (ratio > 1 ? found : missed).push({ mistake: name, ratio });
  }
  const nearest = found.sort((a, b) => a.ratio - b.ratio)[0];
  const largest = missed.sort((a, b) => b.ratio - a.ratio)[0];
  return {
    check: family.id,
    tried: found.length + missed.length,
    found: found.length,
    ...(nearest === undefined ? {} : { nearest: nearness(nearest) }),
    ...(largest === undefined ? {} : { missed: nearness(largest) }),
  };
}

type Found = Required<Nearness>;

/** JSON has no infinity. */
function nearness({ mistake, ratio }: Found): Nearness {
  return Number.isFinite(ratio) ? { mistake, ratio } : { mistake };
}

const ARITHMETIC = float32({ summation: 'pairwise' });

interface Mistake {
  readonly name: string;
  readonly open: () => Subject;
}

function mistakes(program: Program): readonly Mistake[] {
  const all = changes(program);
  const most = OPERATIONS / program.operations.length;
  const step = Math.max(1, Math.ceil(all.length / most));
  return [
    ...all
      .filter((_, index) => index % step === 0)
      .map(({ what, change }) =>
        programMutant(
          what,
          (asked) => (asked.name === program.name ? (change(asked) ?? asked) : asked),
          [],
        ),
      ),
    ...[...COMPOSITE_FAULTS, ...ARITHMETIC_FAULTS].map(({ name, open }) => ({
      name,
      open: () => backendSubject(open()),
    })),
  ];
}

/** The outputs of every run. */
async function results(
  subject: Subject,
  { program, runs, expected }: Case,
): Promise<readonly Named<HostTensor>[]> {
  if (program === undefined) return [];
  const opened = await subject.open({ program, runs, expected });
  if (typeof opened === 'string') return [];
  const found: Named<HostTensor>[] = [];
  for (const inputs of runs) found.push(await opened.run(inputs));
  await opened.close();
  return found;
}

function texts(outputs: Named<HostTensor>): Named<string> {
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data.join()]));
}

/** How far a mistaken subject leaves the bounds of a case; undefined where what is judged is right. */
async function distance(
  subject: Subject,
  drawn: Case,
  wanted: readonly Named<string>[],
): Promise<number | undefined> {
  let most: number | undefined;
  try {
    for (const [index, outputs] of (await results(subject, drawn)).entries()) {
      const inputs = drawn.runs[index] as Named<HostTensor>;
      const own = texts(outputs);
      const allowed = drawn.expected(inputs, CONTRACTS['f32-ieee'], outputs);
      for (const [name, each] of Object.entries(allowed)) {
        if (own[name] === wanted[index]?.[name]) continue;
        const { worst, mismatch } = judge(name, outputs[name], each);
        if (mismatch !== undefined) return Number.POSITIVE_INFINITY;
        most = Math.max(most ?? 0, worst?.ratio ?? 0);
      }
    }
    return most;
  } catch (error) {
    // Some mistakes make no program at all.
    if (error instanceof LacunaError) return undefined;
    throw error;
  }
}

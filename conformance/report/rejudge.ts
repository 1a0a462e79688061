import fc from 'fast-check';
import type { Bounds } from '../../reference/index.js';
import { CONTRACTS } from '../../spec/contracts/index.js';
import { LacunaError } from '../../spec/errors.js';
import { elementCount, sameShape } from '../../spec/program/index.js';
import { formatAddress, parseAddress } from '../address.js';
import type { Family } from '../case.js';
import { caseAt } from '../case-at.js';
import type { Check } from '../check.js';
import { judgedShare, notPromised } from '../family-check.js';
import { judge } from '../judge.js';
import type { ReportFile } from './file.js';
import { type CaseOutputs, KEPT, type RecordedTensor, recordedTensor } from './record.js';
import type { CheckReport } from './report.js';

/** What came of judging the recorded outputs of a report again, without the subject. */
export interface Rejudgement {
  /** Outputs that were judged, and those of which only a digest is there. */
  readonly judged: number;
  readonly digests: number;
  /** Cases of a family: all have so many, but those that never have more than a few. */
  readonly cases: number;
  /** Where the verdict of now differs from the one of then, in a sentence each. */
  readonly changes: readonly string[];
  /** Checks that had passed, of which outputs are missing that a report keeps, with what is. */
  readonly unconfirmed: readonly string[];
  /** The ids of checks that had passed of which no report keeps outputs that could be judged again. */
  readonly unrecorded: readonly string[];
  /**
   * Whether outputs were judged, every verdict that rests on them stands, and none that belongs there is
   * missing. Of the checks in `unrecorded` it says nothing.
   */
  readonly agrees: boolean;
}

/** What was found of one check. */
interface Found {
  judged: number;
  digests: number;
  elements: number;
  undecided: number;
  /** Whether these are of all outputs: not where bounds follow from outputs that were not kept. */
  isCounted: boolean;
  wrong?: string;
}

/**
 * Makes each case of the checks that passed again from its address, and judges what was recorded of it.
 * Which cases belong to a check follows from the report's seed, so none can be left out or chosen; what a
 * check cites, and how many elements it had, is not taken from the report either.
 */
export function rejudge(report: ReportFile, checks: readonly Check[]): Rejudgement {
  if (report.double)
    throw new LacunaError({ what: 'reports of runs in double are not judged again' });
  const known = new Map(checks.map((check) => [check.id, check]));
  const recorded = new Map<string, CaseOutputs[]>();
  for (const each of report.outputs) {
    const own = recorded.get(each.check) ?? [];
    own.push(each);
    recorded.set(each.check, own);
  }
  const passed = report.checks.filter(({ verdict }) => verdict === 'pass');
  const cases = Math.max(0, ...passed.map(({ id }) => recorded.get(id)?.length ?? 0));
  const changes: string[] = [];
  const unconfirmed: string[] = [];
  const unrecorded: string[] = [];
  let [judged, digests] = [0, 0];
  for (const each of report.checks) {
    const check = known.get(each.id);
    const stated = misstated(report, each, check);
    if (stated !== undefined) changes.push(`${each.id} ${stated}`);
    if (each.verdict !== 'pass') continue;
    const outputs = recorded.get(each.id) ?? [];
    if (check?.family === undefined || check.isRecorded !== true) {
      if (outputs.length === 0) unrecorded.push(each.id);
      else changes.push(`${each.id} has outputs, and is no check of this suite that has cases`);
      continue;
    }
    const lacks = whatLacks(report, each, check.family, outputs, cases);
    if (lacks !== undefined) {
      unconfirmed.push(`${each.id} is not confirmed: ${lacks}`);
      continue;
    }
    const own: Found = { judged: 0, digests: 0, elements: 0, undecided: 0, isCounted: true };
    for (const output of outputs) rejudgeCase(report, check.family, output, own);
    judged += own.judged;
    digests += own.digests;
    const wrong = own.wrong ?? otherThanStated(report, each, check.family, own);
    if (wrong !== undefined) changes.push(`${each.id} had passed, and fails now: ${wrong}`);
    else if (own.judged === 0) unrecorded.push(each.id);
  }
  const agrees = changes.length + unconfirmed.length === 0 && judged > 0;
  return { judged, digests, cases, changes, unconfirmed, unrecorded, agrees };
}

/** What a report says of a check that this suite knows to be otherwise. */
function misstated(
  { subject }: ReportFile,
  { level, clauses, beyondContract }: CheckReport,
  check: Check | undefined,
): string | undefined {
  if (check === undefined) return undefined;
  if (level !== check.level || clauses.join() !== check.clauses.join()) {
    return 'does not cite what it is about: its level or its clauses are others';
  }
  const isBeyond =
    check.family === undefined || notPromised(check.family, subject.contract) !== undefined;
  return beyondContract === true && !isBeyond
    ? 'is called beyond the contract, and is not'
    : undefined;
}

/** Of ten cases one is run in f64, too, and is in no report. */
const CASES_PER_DOUBLE = 10;

function whatLacks(
  { seed }: ReportFile,
  { id, cases }: CheckReport,
  family: Family,
  outputs: readonly CaseOutputs[],
  asked: number,
): string | undefined {
  const there = outputs.length;
  if (there === 0) return 'none of its outputs is in the report';
  const fewest = Math.min(asked, family.most ?? asked);
  if (there < fewest) return `of ${fewest} cases the report has ${there}`;
  if (cases < there || cases > there + Math.max(1, Math.round(asked / CASES_PER_DOUBLE))) {
    return `it says to have had ${cases} cases, and the report has ${there}`;
  }
  const drawn = fc.sample(family.parameters, { seed, numRuns: there });
  const other = outputs.find(({ address }, i) => address !== formatAddress(id, drawn[i] ?? {}));
  return other === undefined ? undefined : `seed ${seed} does not draw ${other.address} there`;
}

/** How many elements there are, and how many of them can be judged, is known without the subject. */
function otherThanStated(
  { subject }: ReportFile,
  stated: CheckReport,
  { exemption }: Family,
  { elements, undecided, isCounted }: Found,
): string | undefined {
  if (!isCounted) return undefined;
  if (stated.elements !== elements || stated.undecided !== undecided) {
    return `it says that ${stated.undecided} of ${stated.elements} elements could not be judged, and it is ${undecided} of ${elements}`;
  }
  return judgedShare({ elements, undecided }, subject.contract, exemption).reason;
}

function rejudgeCase(
  { subject }: ReportFile,
  family: Family,
  { address, runs }: CaseOutputs,
  own: Found,
): void {
  const { parameters } = parseAddress(address);
  const drawn = caseAt(family, parameters, subject.contract);
  if (runs.length !== drawn.runs.length) {
    own.wrong ??= `${address}: ${runs.length} runs are there, not ${drawn.runs.length}`;
    return;
  }
  for (const [run, outputs] of runs.entries()) {
    const whole = Object.entries(outputs).flatMap(([name, recorded]) => {
      const tensor = recordedTensor(recorded);
      return tensor === undefined ? [] : [[name, tensor] as const];
    });
    const given =
      whole.length === Object.keys(outputs).length ? Object.fromEntries(whole) : undefined;
    if (drawn.followsOutputs === true && given === undefined) own.isCounted = false;
    const expected = drawn.expected(drawn.runs[run] ?? {}, CONTRACTS[subject.contract], given);
    for (const [name, allowed] of Object.entries(expected)) {
      const wrong = rejudgeOutput(name, outputs[name], allowed, own);
      if (wrong !== undefined) own.wrong ??= `${address}: ${wrong}`;
    }
  }
}

/** Judges one output, or counts its digest; what is wrong with it. */
function rejudgeOutput(
  name: string,
  recorded: RecordedTensor | undefined,
  allowed: Bounds,
  own: Found,
): string | undefined {
  const isDigest = recorded !== undefined && recorded.data === undefined;
  const isLarge = elementCount(allowed.shape) > KEPT;
  if (isDigest && isLarge && sameShape(recorded.shape, allowed.shape)) {
    own.digests += 1;
    // What can be judged follows from the bounds alone: the middle stands for what was not kept.
    const { dtype, shape } = allowed;
    const data = 'value' in allowed ? allowed.value : allowed.data;
    const { elements, undecided } = judge(name, { dtype, shape, data }, allowed);
    own.elements += elements;
    own.undecided += undecided;
    return undefined;
  }
  const tensor = recorded === undefined ? undefined : recordedTensor(recorded);
  if (recorded !== undefined && tensor === undefined)
    return `the elements of ${name} are not there`;
  own.judged += 1;
  const { elements, undecided, worst, mismatch } = judge(name, tensor, allowed);
  own.elements += elements;
  own.undecided += undecided;
  if (mismatch !== undefined) return mismatch;
  return (worst?.ratio ?? 0) > 1 ? `${name}[${worst?.index}] is out of bounds` : undefined;
}

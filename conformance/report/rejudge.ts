import type { Bounds } from '../../reference/index.js';
import { CONTRACTS } from '../../spec/contracts/index.js';
import { LacunaError } from '../../spec/errors.js';
import { elementCount, sameShape } from '../../spec/program/index.js';
import { parseAddress } from '../address.js';
import { caseAt } from '../case-at.js';
import type { Check } from '../check.js';
import { notPromised } from '../family-check.js';
import { judge } from '../judge.js';
import type { ReportFile } from './file.js';
import { type CaseOutputs, KEPT, type RecordedTensor, recordedTensor } from './record.js';
import type { CheckReport } from './report.js';

/** What came of judging the recorded outputs of a report again, without the subject. */
export interface Rejudgement {
  /** Outputs that were judged, and those of which only a digest is there. */
  readonly judged: number;
  readonly digests: number;
  /** Where the verdict of now differs from the one of then, in a sentence each. */
  readonly changes: readonly string[];
  /** Checks that had passed, of which outputs are missing that a report keeps, with what is. */
  readonly unconfirmed: readonly string[];
  /** How many checks had passed of which no report keeps outputs that could be judged again. */
  readonly taken: number;
  /** Whether outputs were judged, every verdict that rests on them stands, and none that belongs there is missing. */
  readonly agrees: boolean;
}

/** What was found of one check. */
interface Found {
  judged: number;
  digests: number;
  /** Addresses of the cases that are there. */
  readonly cases: Set<string>;
  wrong?: string;
}

/** Makes each case again from its address, and judges what was recorded. */
export function rejudge(report: ReportFile, checks: readonly Check[]): Rejudgement {
  if (report.double)
    throw new LacunaError({ what: 'reports of runs in double are not judged again' });
  const known = new Map(checks.map((check) => [check.id, check]));
  const found = new Map<string, Found>();
  for (const recorded of report.outputs) {
    const own = found.get(recorded.check) ?? { judged: 0, digests: 0, cases: new Set() };
    found.set(recorded.check, own);
    rejudgeCase(report, known.get(recorded.check), recorded, own);
  }
  const changes: string[] = [];
  const unconfirmed: string[] = [];
  let taken = 0;
  for (const each of report.checks) {
    const check = known.get(each.id);
    const own = found.get(each.id) ?? { judged: 0, digests: 0, cases: new Set() };
    if (each.beyondContract === true && !isBeyond(report, check)) {
      changes.push(`${each.id} is called beyond the contract, and is not`);
    }
    if (each.verdict !== 'pass') continue;
    if (own.wrong !== undefined) {
      changes.push(`${each.id} had passed, and fails now: ${own.wrong}`);
      continue;
    }
    const lacks = check?.isRecorded === true ? whatLacks(each, own) : undefined;
    if (lacks !== undefined) unconfirmed.push(`${each.id} is not confirmed: ${lacks}`);
    else if (own.judged === 0) taken += 1;
  }
  const sum = (pick: (each: Found) => number): number =>
    [...found.values()].reduce((total, each) => total + pick(each), 0);
  const judged = sum((each) => each.judged);
  return {
    judged,
    digests: sum((each) => each.digests),
    changes,
    unconfirmed,
    taken,
    agrees: changes.length + unconfirmed.length === 0 && judged > 0,
  };
}

/** Whether the contract leaves a check without a verdict; of one without cases it is not known here. */
function isBeyond({ subject }: ReportFile, check: Check | undefined): boolean {
  return check?.family === undefined || notPromised(check.family, subject.contract) !== undefined;
}

/** Of ten cases one is run in f64, too, and is in no report. */
function whatLacks({ cases }: CheckReport, own: Found): string | undefined {
  if (own.judged + own.digests === 0) return 'none of its outputs is in the report';
  const there = own.cases.size;
  return there + Math.max(1, Math.round(there / 10)) >= cases
    ? undefined
    : `of ${cases} cases the report has ${there}`;
}

function rejudgeCase(
  { subject }: ReportFile,
  check: Check | undefined,
  { address, runs }: CaseOutputs,
  own: Found,
): void {
  const family = check?.family;
  if (family === undefined) {
    own.wrong ??= `this is no check of this suite that has cases (${address})`;
    return;
  }
  const { id, parameters } = parseAddress(address);
  if (id !== family.id) {
    own.wrong ??= `${address} is no case of it`;
    return;
  }
  own.cases.add(address);
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
    return undefined;
  }
  const tensor = recorded === undefined ? undefined : recordedTensor(recorded);
  if (recorded !== undefined && tensor === undefined)
    return `the elements of ${name} are not there`;
  own.judged += 1;
  const { worst, mismatch } = judge(name, tensor, allowed);
  if (mismatch !== undefined) return mismatch;
  return (worst?.ratio ?? 0) > 1 ? `${name}[${worst?.index}] is out of bounds` : undefined;
}

import { CONTRACTS } from '../../spec/contracts/index.js';
import { LacunaError } from '../../spec/errors.js';
import { parseAddress } from '../address.js';
import type { Check } from '../check.js';
import { caseInRange } from '../in-range.js';
import { judge } from '../judge.js';
import type { ReportFile } from './file.js';
import { recordedTensor } from './record.js';

/** What came of judging the recorded outputs of a report again, without the subject. */
export interface Rejudgement {
  /** Outputs that were judged, and those of which only a digest is there. */
  readonly judged: number;
  readonly digests: number;
  /** Where the verdict of now differs from the one of then, in a sentence each. */
  readonly changes: readonly string[];
  /** Checks that had passed and have an output out of bounds, and the reverse. */
  readonly agrees: boolean;
}

/** Makes each case again from its address, and judges what was recorded. */
export function rejudge(report: ReportFile, checks: readonly Check[]): Rejudgement {
  if (report.double)
    throw new LacunaError({ what: 'reports of runs in double are not judged again' });
  const contract = CONTRACTS[report.subject.contract];
  const wrong = new Map<string, string>();
  let [judged, digests] = [0, 0];
  for (const { check: id, address, runs } of report.outputs) {
    const family = checks.find((check) => check.id === id)?.family;
    if (family === undefined) {
      wrong.set(id, `${id} is no check of this suite (${address})`);
      continue;
    }
    const drawn = caseInRange(family, parseAddress(address).parameters, report.subject.contract);
    for (const [run, outputs] of runs.entries()) {
      const inputs = drawn.runs[run];
      if (inputs === undefined) continue;
      const whole = Object.entries(outputs).flatMap(([name, recorded]) => {
        const tensor = recordedTensor(recorded);
        return tensor === undefined ? [] : [[name, tensor] as const];
      });
      const all = whole.length === Object.keys(outputs).length;
      const given = all ? Object.fromEntries(whole) : undefined;
      for (const [name, allowed] of Object.entries(drawn.expected(inputs, contract, given))) {
        const recorded = outputs[name];
        const tensor = recorded === undefined ? undefined : recordedTensor(recorded);
        if (recorded !== undefined && tensor === undefined) {
          digests += 1;
          continue;
        }
        judged += 1;
        const { worst, mismatch } = judge(name, tensor, allowed);
        if (mismatch !== undefined) wrong.set(id, `${address}: ${mismatch}`);
        else if ((worst?.ratio ?? 0) > 1) {
          wrong.set(id, `${address}: ${name}[${worst?.index}] is out of bounds`);
        }
      }
    }
  }
  const passed = new Set(
    report.checks.filter(({ verdict }) => verdict === 'pass').map(({ id }) => id),
  );
  const changes = [...wrong]
    .filter(([id]) => passed.has(id))
    .map(([id, what]) => `${id} had passed, and fails now: ${what}`);
  return { judged, digests, changes, agrees: changes.length === 0 };
}

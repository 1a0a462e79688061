import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ALL_CHECKS,
  type Check,
  type CheckReport,
  type ConformanceReport,
  caseProgram,
  parseAddress,
} from '../../conformance/index.js';
import { printProgram } from '../../core/index.js';
import { expand } from '../../core/passes/index.js';
import { replaceFile } from '../../formats/index.js';

/** Where the programs go that no `--out` claims. */
const FOLDER = 'lacuna-failed';

/**
 * Writes the program of each case that failed to a file, as the subject was given it: what it claims as
 * calls, everything else in primitives. The report names the file with the failure.
 *
 * @param out The folder of the reports; the programs lie in `failed/` of it. @defaultValue `lacuna-failed`
 */
export async function writeFailedPrograms(
  report: ConformanceReport,
  checks: readonly Check[],
  out?: string,
): Promise<ConformanceReport> {
  const folder = out === undefined ? FOLDER : join(out, 'failed');
  const claims = new Set(report.subject.claims);
  const named: CheckReport[] = [];
  for (const check of report.checks) {
    const { id, failure } = check;
    const text = failure === undefined ? undefined : programText(check, report, checks, claims);
    if (failure === undefined || text === undefined) {
      named.push(check);
      continue;
    }
    const program = join(folder, `${id.replaceAll(/[^A-Za-z0-9_.]+/g, '-')}.txt`);
    await mkdir(folder, { recursive: true });
    await replaceFile(program, text);
    named.push({ ...check, failure: { ...failure, program } });
  }
  return { ...report, checks: named };
}

/** The text that a subject was given; undefined where the failure is of no case, or the case no program. */
function programText(
  { id, failure }: CheckReport,
  { double }: ConformanceReport,
  checks: readonly Check[],
  claims: ReadonlySet<string>,
): string | undefined {
  const family = [...checks, ...ALL_CHECKS].find((check) => check.id === id)?.family;
  // A stale entry of the known failures has the id of its check for an address.
  if (failure === undefined || family === undefined || failure.address === id) return undefined;
  const drawn = family.make(parseAddress(failure.address).parameters);
  const program = caseProgram(drawn, double || failure.double === true);
  if (program === undefined || drawn.call !== undefined) return undefined;
  return printProgram(expand(program, (name) => claims.has(name)));
}

import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ALL_CHECKS,
  type CaseOutputs,
  type Check,
  type CheckReport,
  type ConformanceReport,
  caseInRange,
  checksFor,
  DOUBLE_CHECKS,
  formatReport,
  freeze,
  isAsked,
  levelTable,
  markdown,
  oracleChecks,
  outcomeCheck,
  parseAddress,
  REAL_CHECKS,
  type RunChecksOptions,
  recordCase,
  runChecks,
  type Subject,
} from '../../conformance/index.js';
import { LacunaError, type NumericContract } from '../../spec/index.js';
import { note } from '../note.js';
import { visibleText } from '../visible-text.js';
import { ConformDisplay } from './display.js';
import { writeFailedPrograms } from './failed-programs.js';
import { type ConformFlags, EXIT } from './options.js';
import { demoOutcome } from './outcome.js';
import { writeReports } from './reports.js';
import { knownFailures, type OpenSubject, openSubject } from './subject.js';
import type { Told } from './told.js';

/** Runs the suite on a backend or port; undefined where it is not here. */
export async function runSuite(flags: ConformFlags): Promise<Told | undefined> {
  const known = await knownFailures(flags.known);
  const opened = await openSubject(flags);
  if (typeof opened === 'string') {
    console.error(`not run: ${opened}`);
    return undefined;
  }
  try {
    if (flags.explore !== undefined) return await explore(opened, flags, flags.explore);
    const { report, outputs } = await run(opened, flags, { known });
    const { out, at } = flags;
    const written = out === undefined ? '' : `\n\n${await writeReports(out, report, outputs, at)}`;
    const summary = process.env.GITHUB_STEP_SUMMARY;
    if (summary !== undefined) appendFileSync(summary, visibleText(markdown(report)));
    return {
      code: exitCode(report),
      text: `${formatReport(report)}\n\n${levelTable(report).join('\n')}${written}`,
      result: { ...report, outputs },
    };
  } finally {
    await opened.close();
  }
}

export function exitCode({ valid, ok }: ConformanceReport): number {
  if (!valid) return EXIT.invalid;
  return ok ? EXIT.passed : EXIT.failed;
}

async function run(
  opened: OpenSubject,
  flags: ConformFlags,
  more: RunChecksOptions,
): Promise<{ report: ConformanceReport; outputs: readonly CaseOutputs[] }> {
  const { subject } = opened;
  const checks = checksOf(flags, subject);
  const { level, filter, clause, seed, cases, double } = flags;
  const wanted = checks.filter((check) => isAsked(check, flags));
  const display = new ConformDisplay(process.stderr, wanted.length);
  const outputs: Promise<CaseOutputs>[] = [];
  const real = flags.real === true ? ' --real' : '';
  const wide = double === true ? ' --double' : '';
  const found = await runChecks(subject, {
    checks,
    command: `lacuna conform ${opened.flags}${real}${wide}`,
    onCheck: (check, _, done) => {
      if (done === undefined) display.show(check, wanted.indexOf(check));
    },
    onCase: (record) => {
      outputs.push(recordCase(record));
    },
    ...(level === undefined ? {} : { level }),
    ...(filter === undefined ? {} : { filter }),
    ...(clause === undefined ? {} : { clause }),
    ...(seed === undefined ? {} : { seed }),
    ...(cases === undefined ? {} : { cases }),
    ...(double === undefined ? {} : { double }),
    ...more,
  });
  display.end();
  const report = await writeFailedPrograms(found, checks, flags.out);
  return { report, outputs: await Promise.all(outputs) };
}

function checksOf(flags: ConformFlags, subject: Subject): readonly Check[] {
  const { double, real, level } = flags;
  if (level === 5) return [outcomeCheck((seed) => demoOutcome(flags, seed))];
  if (real === true) return double === true ? oracleChecks() : [...REAL_CHECKS, ...oracleChecks()];
  return double === true ? DOUBLE_CHECKS : checksFor(subject);
}

/** Fresh seeds until the time is over; what fails is told when it does. */
async function explore(opened: OpenSubject, flags: ConformFlags, seconds: number): Promise<Told> {
  const end = performance.now() + 1000 * seconds;
  const first = flags.seed ?? Math.floor(Date.now() / 1000);
  let [runs, cases] = [0, 0];
  let worst: number = EXIT.passed;
  const failed: object[] = [];
  const tell = flags.json === true ? note : (text: string): void => console.log(text);
  for (let seed = first; performance.now() < end; seed++) {
    const { report } = await run(opened, { ...flags, seed }, {});
    runs += 1;
    cases += report.checks.reduce((sum, check) => sum + check.cases, 0);
    if (!report.ok) {
      tell(formatReport(report));
      for (const check of report.checks) {
        const sentence = keep(check, opened.subject.info.contract, flags.out ?? 'found');
        if (sentence !== undefined) tell(sentence);
        if (check.failure !== undefined) failed.push({ seed, ...check });
      }
      worst = Math.max(worst, exitCode(report));
    }
  }
  return {
    code: worst,
    text: `explored ${runs} seeds from ${first} on, ${cases} cases`,
    result: { first, seeds: runs, cases, failed },
  };
}

/** Freezes the case of a failure as a value: a seed is only good while the generators stay. Says where it is. */
function keep(
  { id, level, clauses, failure }: CheckReport,
  contract: NumericContract,
  folder: string,
): string | undefined {
  const family = ALL_CHECKS.find((check) => check.id === id)?.family;
  if (failure === undefined || family === undefined) return undefined;
  const { address, what } = failure;
  const drawn = caseInRange(family, parseAddress(address).parameters, contract);
  const file = join(folder, `${id.replaceAll(/[^a-z0-9]+/g, '-')}.json`);
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(file, freeze(drawn, { found: what, level, clauses, address }));
    return `frozen in ${file}; to keep it, put it into conformance/vectors/frozen`;
  } catch (error) {
    if (!(error instanceof LacunaError)) throw error;
    return `not frozen: ${error.message}`;
  }
}

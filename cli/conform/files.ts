import { readFileSync, statSync, writeFileSync } from 'node:fs';
import {
  ALL_CHECKS,
  compareReports,
  exportVectors,
  type ReportFile,
  readReport,
  rejudge,
} from '../../conformance/index.js';
import { LacunaError } from '../../spec/index.js';
import { type ConformFlags, EXIT } from './options.js';
import { conformancePage } from './page.js';

/** No report is larger. */
const LIMIT = 512 * 1024 * 1024;

function load(file: string): ReportFile {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw new LacunaError({ where: file, what: 'there is no such file' });
  if (size > LIMIT) throw new LacunaError({ where: file, what: 'the file is too large' });
  return readReport(readFileSync(file, 'utf8'), file);
}

/** Judges a report again, without its subject; the exit code. */
export function judgeFile(file: string): number {
  const report = load(file);
  const { judged, digests, changes, agrees } = rejudge(report, ALL_CHECKS);
  console.log(
    `${file}: ${judged} outputs judged again, ${digests} are there as digests only and were not`,
  );
  for (const change of changes) console.log(change);
  console.log(agrees ? 'Every verdict of the report stands.' : 'Verdicts have changed.');
  return agrees ? EXIT.passed : EXIT.failed;
}

/** Says what changed between two reports; the exit code says whether something got worse. */
export function compareFiles(old: string, recent: string): number {
  const [before, after] = [load(old), load(recent)];
  const changes = compareReports(before, after);
  if (before.suite !== after.suite)
    console.log('The suites are not the same: see what is new or gone.');
  for (const { id, clauses, what, worse } of changes) {
    console.log(`${worse ? 'worse ' : 'better'}  ${id}: ${what}  (${clauses.join(', ')})`);
  }
  const worse = changes.filter((change) => change.worse).length;
  console.log(`${changes.length} checks changed, ${worse} of them for the worse`);
  return worse === 0 ? EXIT.passed : EXIT.failed;
}

/** Writes the page of several reports. */
export function writePage(files: readonly string[], out: string): number {
  writeFileSync(out, conformancePage(files.map(load)));
  console.log(`The page is ${out}`);
  return EXIT.passed;
}

/** Writes test vectors of the checks that are asked for. */
export async function writeVectors(
  folder: string,
  { filter = '', level, seed, cases }: ConformFlags,
): Promise<number> {
  const checks = ALL_CHECKS.filter(
    (check) =>
      check.family !== undefined &&
      check.id.startsWith(filter) &&
      (level === undefined || check.level === level),
  );
  const entries = await exportVectors(folder, {
    checks,
    ...(seed === undefined ? {} : { seed }),
    ...(cases === undefined ? {} : { cases }),
  });
  console.log(`${entries.length} vectors are in ${folder}`);
  return EXIT.passed;
}

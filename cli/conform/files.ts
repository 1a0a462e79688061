import { writeFileSync } from 'node:fs';
import {
  ALL_CHECKS,
  compareReports,
  exportVectors,
  type ReportFile,
  readReport,
  rejudge,
} from '../../conformance/index.js';
import { readPlainFile } from '../../formats/index.js';
import { note } from '../note.js';
import { type ConformFlags, EXIT } from './options.js';
import { conformancePage } from './page.js';

/** No report is larger. */
const LIMIT = 512 * 1024 * 1024;

async function load(file: string, onNote: (sentence: string) => void = note): Promise<ReportFile> {
  return readReport((await readPlainFile(file, LIMIT)).toString('utf8'), file, onNote);
}

/**
 * Judges a report again, without its subject; the exit code. A check of which no report keeps outputs
 * is taken at its word, and counted; one whose outputs should be there and are not is not confirmed.
 */
export async function judgeFile(file: string): Promise<number> {
  const contradictions: string[] = [];
  const report = await load(file, (sentence) => contradictions.push(sentence));
  const { judged, digests, changes, unconfirmed, taken, agrees } = rejudge(report, ALL_CHECKS);
  console.log(
    `${file}: ${judged} outputs judged again, ${digests} are there as digests only and were not; ` +
      `${taken} checks that passed are not confirmed, since no report keeps outputs of theirs to judge`,
  );
  for (const line of [...contradictions, ...changes, ...unconfirmed]) console.log(line);
  if (agrees && contradictions.length === 0) {
    console.log('Every verdict of the report that can be judged again stands.');
    return EXIT.passed;
  }
  console.log(
    changes.length + contradictions.length > 0 ? 'Verdicts have changed.' : 'Not confirmed.',
  );
  return EXIT.failed;
}

/** Says what changed between two reports; the exit code says whether something got worse. */
export async function compareFiles(old: string, recent: string): Promise<number> {
  const [before, after] = [await load(old), await load(recent)];
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
export async function writePage(files: readonly string[], out: string): Promise<number> {
  const reports: ReportFile[] = [];
  for (const file of files) reports.push(await load(file));
  writeFileSync(out, conformancePage(reports));
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

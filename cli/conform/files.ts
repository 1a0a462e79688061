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
import { note } from '../note.js';
import { type ConformFlags, EXIT } from './options.js';
import { conformancePage } from './page.js';
import { exitCode } from './run.js';

/** No report is larger. */
const LIMIT = 512 * 1024 * 1024;

function load(file: string, onNote: (sentence: string) => void = note): ReportFile {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw new LacunaError({ where: file, what: 'there is no such file' });
  if (size > LIMIT) throw new LacunaError({ where: file, what: 'the file is too large' });
  return readReport(readFileSync(file, 'utf8'), file, onNote);
}

/**
 * Judges a report again, without its subject; the exit code. A check of which no report keeps outputs
 * is taken at its word, and counted; one whose outputs should be there and are not is not confirmed.
 */
export function judgeFile(file: string): number {
  const contradictions: string[] = [];
  const report = load(file, (sentence) => contradictions.push(sentence));
  const { judged, digests, changes, unconfirmed, taken, agrees } = rejudge(report, ALL_CHECKS);
  console.log(
    `${file}: ${judged} outputs judged again, ${digests} are there as digests only and were not; ` +
      `${taken} checks that passed are not confirmed, since no report keeps outputs of theirs to judge`,
  );
  for (const line of [...contradictions, ...changes, ...unconfirmed]) console.log(line);
  if (agrees && contradictions.length === 0) {
    console.log('Every verdict of the report that can be judged again stands.');
    const code = exitCode(report);
    if (code !== EXIT.passed) {
      const why = report.valid ? 'not every check passed' : 'it proves nothing';
      console.log(`So does that of the run: ${why}.`);
    }
    return code;
  }
  console.log(
    changes.length + contradictions.length > 0 ? 'Verdicts have changed.' : 'Not confirmed.',
  );
  return EXIT.failed;
}

/** Says what changed between two reports; the exit code says whether something got worse. */
export function compareFiles(old: string, recent: string): number {
  const [before, after] = [load(old), load(recent)];
  const changes = compareReports(before, after);
  if (before.suite !== after.suite)
    console.log('The suites are not the same: see what is new or gone.');
  const words = { better: 'better', worse: 'worse ', neither: '      ' };
  for (const { id, clauses, what, effect } of changes) {
    console.log(`${words[effect]}  ${id}: ${what}  (${clauses.join(', ')})`);
  }
  const worse = changes.filter(({ effect }) => effect === 'worse').length;
  console.log(`${changes.length} checks changed, ${worse} of them for the worse`);
  return worse === 0 ? EXIT.passed : EXIT.failed;
}

/** Writes the page of several reports. */
export function writePage(files: readonly string[], out: string): number {
  writeFileSync(out, conformancePage(files.map((file) => load(file))));
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

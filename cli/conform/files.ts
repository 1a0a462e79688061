import { writeFileSync } from 'node:fs';
import {
  ALL_CHECKS,
  CHECKS,
  compareReports,
  exportVectors,
  FUNCTION_CHECKS,
  oracleChecks,
  outcomeCheck,
  REAL_CHECKS,
  type ReportFile,
  readReport,
  rejudge,
  suiteDigest,
} from '../../conformance/index.js';
import { readPlainFile } from '../../formats/index.js';
import { note } from '../note.js';
import { type ConformFlags, EXIT } from './options.js';
import { conformancePage } from './page.js';
import { exitCode } from './run.js';

/** No report is larger. */
const LIMIT = 512 * 1024 * 1024;

async function load(file: string, onNote: (sentence: string) => void = note): Promise<ReportFile> {
  return readReport((await readPlainFile(file, LIMIT)).toString('utf8'), file, onNote);
}

/**
 * Judges a report again, without its subject; the exit code. What the report does not show is not
 * confirmed. Of some checks no report can keep outputs, such as of what a backend must refuse: those are
 * named, and not confirmed either, unless a person accepts what the report says of them.
 */
export async function judgeFile(file: string, acceptsUnrecorded: boolean): Promise<number> {
  const contradictions: string[] = [];
  const report = await load(file, (sentence) => contradictions.push(sentence));
  const known = [...ALL_CHECKS, ...REAL_CHECKS, ...oracleChecks()];
  const { judged, digests, cases, changes, unconfirmed, unrecorded, agrees } = rejudge(
    report,
    known,
  );
  if (!(await isWhole(report))) {
    contradictions.push(
      `${file} has not the checks of this version, all of them: some are missing or changed, or it is of another version`,
    );
  }
  console.log(
    `${file}: ${judged} outputs judged again, of ${cases} cases a family; ` +
      `${digests} more are there as digests only, by which nothing can be judged`,
  );
  for (const line of [...contradictions, ...changes, ...unconfirmed]) console.log(line);
  if (!agrees || contradictions.length > 0) {
    const isOther = changes.length + contradictions.length > 0;
    console.log(isOther ? 'Verdicts have changed.' : 'Not confirmed.');
    return EXIT.failed;
  }
  const which = `${unrecorded.length} checks that passed, of which no report keeps outputs to judge`;
  if (unrecorded.length > 0 && !acceptsUnrecorded) {
    console.log(`Not confirmed: ${which}:\n${unrecorded.map((id) => `  ${id}\n`).join('')}`);
    console.log(
      'Every other verdict of the report stands. See these pass by running the suite, or accept what the report says of them: --accept-unrecorded',
    );
    return EXIT.failed;
  }
  const accepted = unrecorded.length === 0 ? '' : ` Accepted unseen: ${which}.`;
  console.log(`Every verdict of the report that can be judged again stands.${accepted}`);
  const code = exitCode(report);
  if (code !== EXIT.passed) {
    const why = report.valid ? 'not every check passed' : 'it proves nothing';
    console.log(`So does that of the run: ${why}.`);
  }
  return code;
}

/** Whether a report has all checks of a list that `lacuna conform` runs. */
async function isWhole({ checks, suite }: ReportFile): Promise<boolean> {
  const lists = [
    ...[CHECKS, ALL_CHECKS, FUNCTION_CHECKS, [outcomeCheck()]],
    [...REAL_CHECKS, ...oracleChecks()],
  ];
  const digest = await suiteDigest(checks);
  const own = await Promise.all(lists.map(suiteDigest));
  return digest === suite && own.includes(digest);
}

/** Says what changed between two reports; the exit code says whether something got worse. */
export async function compareFiles(old: string, recent: string): Promise<number> {
  const [before, after] = [await load(old), await load(recent)];
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

import { writeFileSync } from 'node:fs';
import {
  ALL_CHECKS,
  CHECKS,
  compareReports,
  exportVectors,
  FUNCTION_CHECKS,
  isAsked,
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
import type { Told } from './told.js';

/** No report is larger. */
const LIMIT = 512 * 1024 * 1024;

async function load(file: string, onNote: (sentence: string) => void = note): Promise<ReportFile> {
  return readReport((await readPlainFile(file, LIMIT)).toString('utf8'), file, onNote);
}

/**
 * Judges a report again, without its subject. What the report does not show is not
 * confirmed. Of some checks no report can keep outputs, such as of what a backend must refuse: those are
 * named, and not confirmed either, unless a person accepts what the report says of them.
 */
export async function judgeFile(file: string, acceptsUnrecorded: boolean): Promise<Told> {
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
  const lines = [
    `${file}: ${judged} outputs judged again, of ${cases} cases a family; ` +
      `${digests} more are there as digests only, by which nothing can be judged`,
    ...[...contradictions, ...changes, ...unconfirmed],
  ];
  const told = (isConfirmed: boolean, code: number, ...more: readonly string[]): Told => ({
    code,
    text: [...lines, ...more].join('\n'),
    result: {
      ...{ file, isConfirmed, judged, digests, cases },
      contradictions,
      changes,
      unconfirmed,
      unrecorded,
    },
  });
  if (!agrees || contradictions.length > 0) {
    const isOther = changes.length + contradictions.length > 0;
    return told(false, EXIT.failed, isOther ? 'Verdicts have changed.' : 'Not confirmed.');
  }
  const which = `${unrecorded.length} checks that passed, of which no report keeps outputs to judge`;
  if (unrecorded.length > 0 && !acceptsUnrecorded) {
    return told(
      false,
      EXIT.failed,
      `Not confirmed: ${which}:\n${unrecorded.map((id) => `  ${id}\n`).join('')}`,
      'Every other verdict of the report stands. See these pass by running the suite, or accept what the report says of them: --accept-unrecorded',
    );
  }
  const accepted = unrecorded.length === 0 ? '' : ` Accepted unseen: ${which}.`;
  const stands = `Every verdict of the report that can be judged again stands.${accepted}`;
  const code = exitCode(report);
  if (code === EXIT.passed) return told(true, code, stands);
  const why = report.valid ? 'not every check passed' : 'it proves nothing';
  return told(true, code, stands, `So does that of the run: ${why}.`);
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

/** What changed between two reports; it failed where something got worse. */
export async function compareFiles(old: string, recent: string): Promise<Told> {
  const [before, after] = [await load(old), await load(recent)];
  const changes = compareReports(before, after);
  const sameSuite = before.suite === after.suite;
  const words = { better: 'better', worse: 'worse ', neither: '      ' };
  const worse = changes.filter(({ effect }) => effect === 'worse').length;
  const lines = [
    ...(sameSuite ? [] : ['The suites are not the same: see what is new or gone.']),
    ...changes.map(
      ({ id, clauses, what, effect }) =>
        `${words[effect]}  ${id}: ${what}  (${clauses.join(', ')})`,
    ),
    `${changes.length} checks changed, ${worse} of them for the worse`,
  ];
  return {
    code: worse === 0 ? EXIT.passed : EXIT.failed,
    text: lines.join('\n'),
    result: { sameSuite, changes },
  };
}

/** Writes the page of several reports. */
export async function writePage(files: readonly string[], out: string): Promise<Told> {
  const reports: ReportFile[] = [];
  for (const file of files) reports.push(await load(file));
  writeFileSync(out, conformancePage(reports));
  return { code: EXIT.passed, text: `The page is ${out}`, result: { page: out } };
}

/** Writes test vectors of the checks that are asked for. */
export async function writeVectors(folder: string, flags: ConformFlags): Promise<Told> {
  const { seed, cases } = flags;
  const checks = ALL_CHECKS.filter((check) => check.family !== undefined && isAsked(check, flags));
  const entries = await exportVectors(folder, {
    checks,
    ...(seed === undefined ? {} : { seed }),
    ...(cases === undefined ? {} : { cases }),
  });
  const vectors = entries.length;
  return {
    code: EXIT.passed,
    text: `${vectors} vectors are in ${folder}`,
    result: { folder, vectors },
  };
}

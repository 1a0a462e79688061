import type { Check } from '../check.js';
import { checksFor } from '../checks.js';
import { runChecks } from '../run-checks.js';
import { backendSubject, type Subject } from '../subject.js';
import { LEGAL_FLEET } from './legal.js';
import { literalPort } from './literal/port.js';

/** Ports that are right by the text of the protocol alone. */
const LEGAL_PORTS: readonly (() => Subject)[] = [
  () => literalPort('each'),
  () => literalPort('once'),
];

/** Of so many seeds one runs the checks that take seconds: whole steps and trajectories. */
const SEEDS_PER_STEP = 10;
const CASES = 5;
/** Repeat one computation up to 150 times: members differ in their arithmetic, not in how they repeat it. */
const REPEATS = /^real\/(collisions|determinism)$/;

/**
 * Runs checks on every member of the legal fleet, with one seed after the other, until at least `count`
 * checks have run.
 *
 * @param onMember Told after each member how many checks have run.
 * @returns how many ran, and each that failed or proved nothing: member, seed and address.
 */
export async function legalRuns(
  count: number,
  first: number = 1,
  onMember: (runs: number) => void = () => {},
): Promise<{ readonly runs: number; readonly alarms: readonly string[] }> {
  let runs = 0;
  const alarms: string[] = [];
  const judge = async (subject: Subject, checks: readonly Check[], seed: number): Promise<void> => {
    const report = await runChecks(subject, { checks, seed, cases: CASES, block: false });
    for (const { id, verdict, reason, failure } of report.checks) {
      if (verdict !== 'unsupported') runs += 1;
      // A few cases drawn alike may leave little to judge; that is no alarm.
      if (verdict !== 'fail') continue;
      const why = failure?.deviation === undefined ? '' : ` ${JSON.stringify(failure.deviation)}`;
      alarms.push(
        `${subject.info.name}, seed ${seed}: ${failure?.address ?? id}: ${failure?.what ?? reason}${why}`,
      );
    }
  };
  for (let seed = first; runs < count; seed++) {
    const withSteps = seed % SEEDS_PER_STEP === 0;
    const wanted = ({ id, level }: Check): boolean =>
      withSteps ? level < 5 : level < 3 || /^(objective|relation|function\/(?!step))/.test(id);
    for (const [index, { open }] of LEGAL_FLEET.entries()) {
      const subject = backendSubject(open());
      const isNew = ({ id }: Check): boolean => index === 0 || !REPEATS.test(id);
      const checks = checksFor(subject).filter((check) => wanted(check) && isNew(check));
      await judge(subject, checks, seed);
      onMember(runs);
      if (runs >= count) break;
    }
    for (const open of LEGAL_PORTS) {
      const subject = open();
      await judge(subject, checksFor(subject).filter(wanted), seed);
      onMember(runs);
    }
  }
  return { runs, alarms };
}

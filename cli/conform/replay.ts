import {
  ALL_CHECKS,
  explain,
  judgeCase,
  parseAddress,
  REAL_CHECKS,
  verdictOf,
} from '../../conformance/index.js';
import { LacunaError } from '../../spec/index.js';
import { type ConformFlags, EXIT } from './options.js';
import { openSubject } from './subject.js';
import type { Told } from './told.js';

/** Runs the one case that an address names; undefined where the subject is not here. */
export async function replay(address: string, flags: ConformFlags): Promise<Told | undefined> {
  const checks = [...ALL_CHECKS, ...REAL_CHECKS];
  // A check without cases has its id for an address.
  const whole = checks.find((each) => each.family === undefined && each.id === address);
  const { id, parameters } =
    whole === undefined ? parseAddress(address) : { id: address, parameters: {} };
  const check = checks.find((each) => each.id === id);
  if (check === undefined) {
    throw new LacunaError({ what: 'no check has the id of this address', got: id });
  }
  const opened = await openSubject(flags);
  if (typeof opened === 'string') {
    console.error(`not run: ${opened}`);
    return undefined;
  }
  try {
    const finding =
      check.family === undefined
        ? await check.run(opened.subject, { seed: flags.seed ?? 1 })
        : await judgeCase(opened.subject, check.family, parameters, {
            double: flags.double === true,
          });
    const { level, clauses } = check;
    const report = { ...verdictOf('pass'), ...finding, id, level, clauses, seconds: 0 };
    const why = explain(report, { seed: 1 });
    return {
      code: finding.verdict === 'pass' ? EXIT.passed : EXIT.failed,
      text:
        `${finding.verdict.toUpperCase()} ${address}${why === '' ? '' : `\n${why}`}\n` +
        `${finding.elements - finding.undecided} of ${finding.elements} elements judged, ` +
        `largest error over bound ${finding.worstRatio.toPrecision(3)}`,
      result: { address, ...report },
    };
  } finally {
    await opened.close();
  }
}

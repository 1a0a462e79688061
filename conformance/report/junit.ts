import { type CheckReport, type ConformanceReport, explain, isAccepted } from './report.js';

/**
 * The report as JUnit XML: one test case a check, and one for the run itself. What fails a run is a
 * failure; what is blocked, left out, known, a SHOULD or beyond the contract is skipped, with the reason.
 */
export function junit(report: ConformanceReport): string {
  const { checks, subject, valid, ok } = report;
  const cases = checks.map((check) => ({ ...check, skip: whySkipped(check) }));
  const skipped = cases.filter(({ skip }) => skip !== undefined).length;
  const passed = checks.filter(({ verdict }) => verdict === 'pass').length;
  const failures = checks.length - passed - skipped;
  const seconds = checks.reduce((sum, each) => sum + each.seconds, 0);
  const lines = cases.map((check) => {
    const { id, level, verdict, skip } = check;
    const head = `  <testcase classname="level ${level}" name="${escapeXml(id)}" time="${check.seconds.toFixed(3)}"`;
    if (skip !== undefined) return `${head}><skipped message="${escapeXml(skip)}"/></testcase>`;
    if (verdict === 'pass') return `${head}/>`;
    const text = escapeXml(explain(check, report));
    return `${head}><failure type="${verdict}" message="${escapeXml(oneLine(check))}">${text}</failure></testcase>`;
  });
  // Skipped test cases alone would look like a success.
  const wrong = valid ? 'nothing passed, or not all was run' : 'a canary was misjudged';
  const errors = !valid || (!ok && failures === 0) ? 1 : 0;
  const verdict = errors === 0 ? '' : `<error message="the run proves nothing: ${wrong}"/>`;
  lines.push(
    `  <testcase classname="run" name="proves something" time="0.000">${verdict}</testcase>`,
  );
  const suite =
    `<testsuite name="lacuna conformance: ${escapeXml(subject.name)}" tests="${lines.length}" ` +
    `failures="${failures}" errors="${errors}" skipped="${skipped}" time="${seconds.toFixed(3)}">`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${suite}\n${lines.join('\n')}\n</testsuite>\n`;
}

/** Why a check that did not pass is no failure; undefined for all others. */
function whySkipped(check: CheckReport): string | undefined {
  const { verdict, known, reason } = check;
  if (verdict === 'pass') return undefined;
  if (verdict === 'blocked') return `blocked: ${reason}`;
  if (verdict === 'not-run') return reason === undefined ? 'not run' : `not run: ${reason}`;
  if (!isAccepted(check)) return undefined;
  return known ?? reason ?? `${verdict}, of a clause that SHOULD hold: ${check.failure?.what}`;
}

function oneLine({ verdict, reason, failure }: CheckReport): string {
  return `${verdict}: ${failure?.what ?? reason ?? ''}`.split('\n')[0] ?? verdict;
}

/** Without the characters that XML has no way to write. */
function escapeXml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD]/g, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

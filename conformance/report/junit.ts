import { type ConformanceReport, explain } from './report.js';

/** The report as JUnit XML: one test case a check. */
export function junit(report: ConformanceReport): string {
  const { checks, subject } = report;
  const count = (...verdicts: readonly string[]): number =>
    checks.filter(({ verdict, known }) => verdicts.includes(verdict) && known === undefined).length;
  const skipped = checks.filter(
    ({ verdict, known }) => verdict === 'not-run' || (known !== undefined && verdict !== 'pass'),
  ).length;
  const failures = count('fail', 'vacuous', 'unsupported', 'blocked');
  const seconds = checks.reduce((sum, each) => sum + each.seconds, 0);
  const lines = checks.map((check) => {
    const { id, level, verdict, known } = check;
    const head = `  <testcase classname="level ${level}" name="${escapeXml(id)}" time="${check.seconds.toFixed(3)}"`;
    if (verdict === 'pass') return `${head}/>`;
    if (verdict === 'not-run' || known !== undefined) {
      return `${head}><skipped message="${escapeXml(known ?? 'not run')}"/></testcase>`;
    }
    const text = escapeXml(explain(check, report.seed));
    return `${head}><failure message="${verdict}">${text}</failure></testcase>`;
  });
  const suite =
    `<testsuite name="lacuna conformance: ${escapeXml(subject.name)}" tests="${checks.length}" ` +
    `failures="${failures}" errors="${report.valid ? 0 : 1}" skipped="${skipped}" time="${seconds.toFixed(3)}">`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${suite}\n${lines.join('\n')}\n</testsuite>\n`;
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

import { type CheckReport, type ConformanceReport, explain } from './report.js';

/** The report as JUnit XML: one test case a check. */
export function junit(report: ConformanceReport): string {
  const { checks, subject } = report;
  const skipped = checks.filter((check) => whySkipped(check) !== undefined).length;
  const passed = checks.filter(({ verdict }) => verdict === 'pass').length;
  const failures = checks.length - passed - skipped;
  const seconds = checks.reduce((sum, each) => sum + each.seconds, 0);
  const lines = checks.map((check) => {
    const { id, level, verdict } = check;
    const head = `  <testcase classname="level ${level}" name="${escapeXml(id)}" time="${check.seconds.toFixed(3)}"`;
    if (verdict === 'pass') return `${head}/>`;
    const skip = whySkipped(check);
    if (skip !== undefined) {
      return `${head}><skipped message="${escapeXml(skip)}"/></testcase>`;
    }
    const text = escapeXml(explain(check, report.seed));
    return `${head}><failure message="${verdict}">${text}</failure></testcase>`;
  });
  const suite =
    `<testsuite name="lacuna conformance: ${escapeXml(subject.name)}" tests="${checks.length}" ` +
    `failures="${failures}" errors="${report.valid ? 0 : 1}" skipped="${skipped}" time="${seconds.toFixed(3)}">`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${suite}\n${lines.join('\n')}\n</testsuite>\n`;
}

/** Why a check that did not pass is no failure; undefined for all others. */
function whySkipped({ verdict, known, reason, beyondContract }: CheckReport): string | undefined {
  if (verdict === 'pass') return undefined;
  if (known !== undefined) return known;
  if (beyondContract === true) return reason;
  return verdict === 'not-run' ? 'not run' : undefined;
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

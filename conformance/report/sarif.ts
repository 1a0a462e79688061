import { CLAUSES } from '../../spec/clauses/index.js';
import { jsonText } from './json-text.js';
import { replayLine } from './replay.js';
import { type CheckReport, type ConformanceReport, explain, isAccepted } from './report.js';

/** SARIF 2.1.0, the format of findings that code hosts show beside the code. */
const SCHEMA =
  'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';
/** The rule of a finding that is about no clause. */
const RUN = 'run';

/**
 * What is wrong, as SARIF: a rule for each clause, a result for each check that fails the run. What is
 * blocked repeats another failure, and is a note. The last line of a message is the command that shows
 * it again.
 *
 * @param file The file of the code under test beside which findings are shown, relative to the root of
 *   its repository, with slashes.
 */
export function sarif(report: ConformanceReport, file: string): string {
  const { checks, canaries, spec, valid, ok } = report;
  const results = checks.filter((check) => !isAccepted(check)).map((each) => finding(each, report));
  for (const { name, address, behaved } of canaries) {
    if (!behaved) results.push(result(RUN, 'error', address, `The suite misjudged: ${name}`));
  }
  if (!ok && results.length === 0) results.push(result(RUN, 'error', RUN, 'Nothing passed.'));
  const locations = [{ physicalLocation: { artifactLocation: { uri: encodeURI(file) } } }];
  return jsonText({
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'lacuna conform',
            // Of the specification, since a finding is about one of its clauses.
            semanticVersion: `${spec}.0`,
            rules: [
              ...CLAUSES.map(({ id, text, level }) => ({
                id,
                shortDescription: { text },
                defaultConfiguration: { level: level === 'MUST' ? 'error' : 'note' },
              })),
              { id: RUN, shortDescription: { text: 'A run proves something.' } },
            ],
          },
        },
        invocations: [{ executionSuccessful: valid }],
        results: results.map((each) => ({ ...each, locations })),
      },
    ],
  });
}

type Severity = 'error' | 'warning' | 'note';

const SEVERITY: Readonly<Record<CheckReport['verdict'], Severity>> = {
  pass: 'note',
  fail: 'error',
  vacuous: 'warning',
  unsupported: 'warning',
  blocked: 'note',
  'not-run': 'warning',
};

interface Result {
  readonly ruleId: string;
  readonly level: Severity;
  readonly message: { readonly text: string };
  readonly partialFingerprints: Readonly<Record<string, string>>;
}

function finding(check: CheckReport, report: ConformanceReport): Result {
  const { id, verdict, clauses } = check;
  const text = `${verdict} ${id}\n${explain(check, report)}`;
  return result(clauses[0] ?? RUN, SEVERITY[verdict], id, text);
}

/** The same check is the same finding in every run. */
function result(ruleId: string, level: Severity, id: string, text: string): Result {
  return { ruleId, level, message: { text }, partialFingerprints: { 'check/v1': id } };
}

/**
 * What fails the run as commands of a workflow of GitHub, a line each: annotations of the step that
 * prints them. The host shows ten.
 */
export function annotations(report: ConformanceReport): string {
  const lines = report.checks
    .filter((check) => check.verdict === 'fail' && !isAccepted(check))
    .map((check) => {
      const { what, deviation } = check.failure ?? { what: check.reason ?? '' };
      const off =
        deviation === undefined ? '' : `, ${deviation.ratio.toPrecision(3)} times the bound`;
      const again = replayLine(check, report);
      const text = [`${what}${off}`, ...(again === undefined ? [] : [again])].join('\n');
      return `::error title=${property(check.id)}::${message(text)}\n`;
    });
  return lines.join('');
}

function message(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return message(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

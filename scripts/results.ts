import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLAUSES, readReport, VERDICTS } from '../conformance/index.js';
import { markdownTable } from '../conformance/report/markdown-table.js';

/**
 * Writes docs/results.md from reports, so that no figure in it is typed:
 *
 *     npx tsx scripts/results.ts reports/onnx/report.json reports/tfjs/report.json
 */
const reports = process.argv.slice(2).map((file) => readReport(readFileSync(file, 'utf8'), file));
const levels = [
  ...new Set(reports.flatMap(({ checks }) => checks.map(({ level }) => level))),
].sort();
const functions = [
  ...new Set(reports.flatMap(({ accuracy }) => accuracy.map((each) => each.function))),
];
// One backend may be there twice, under two contracts.
const names = reports.map(
  ({ subject }) => `${subject.name} ${subject.version}, ${subject.contract}`,
);

const summary = reports.map(({ subject, counts, checks, seed, canaries }) => {
  const elements = checks.reduce((sum, check) => sum + check.elements, 0);
  const judged = elements - checks.reduce((sum, check) => sum + check.undecided, 0);
  const birds = canaries.filter(({ behaved }) => behaved).length;
  const verdicts = VERDICTS.map((verdict) => counts[verdict]);
  const about = [subject.name, subject.version, subject.device, subject.contract];
  return [
    ...about,
    seed,
    ...verdicts,
    `${judged} of ${elements}`,
    `${birds} of ${canaries.length}`,
  ];
});
const passes = levels.map((level) => {
  const cells = reports.map(({ checks }) => {
    const own = checks.filter((check) => check.level === level);
    return own.length === 0
      ? ''
      : `${own.filter(({ verdict }) => verdict === 'pass').length} of ${own.length}`;
  });
  return [level, ...cells];
});
const accuracy = functions.map((name) => {
  const cells = reports.map((report) => {
    const found = report.accuracy.find((each) => each.function === name);
    if (found === undefined) return '';
    const { observed, granted, statistical = 0 } = found;
    return granted === undefined
      ? `${(100 * observed).toPrecision(2)} % of the worst case, ${statistical.toPrecision(2)} of 4 sqrt(n) u sum abs(x)`
      : `${observed.toPrecision(2)} of ${granted.toPrecision(3)} ulp`;
  });
  return [name, ...cells];
});
const exceptions = reports.flatMap(({ subject, checks }) =>
  checks
    .filter(({ verdict }) => verdict !== 'pass' && verdict !== 'not-run')
    .map(({ id, verdict, clauses, known, reason, failure }) => {
      const should = clauses.every(
        (clause) => CLAUSES.find((each) => each.id === clause)?.level === 'SHOULD',
      );
      const why = known ?? reason?.split('\n')[0] ?? failure?.what ?? '';
      return [subject.name, `\`${id}\``, verdict, should ? 'SHOULD' : 'MUST', why];
    }),
);
const lines = [
  '# Results',
  '',
  'Made by `npx tsx scripts/results.ts` from the reports of `lacuna conform --out`.',
  '',
  ...markdownTable(
    [
      'subject',
      'version',
      'device',
      'contract',
      'seed',
      ...VERDICTS,
      'elements judged',
      'canaries',
    ],
    summary,
  ),
  '',
  '## Checks passed, by level',
  '',
  ...markdownTable(['level', ...names], passes),
  '',
  '## Accuracy: largest error observed, of what the contract grants',
  '',
  ...markdownTable(['function', ...names], accuracy),
  '',
  '## What did not pass',
  '',
  ...(exceptions.length === 0
    ? ['Everything that ran passed.']
    : markdownTable(['subject', 'check', 'verdict', 'clauses', 'why'], exceptions)),
];
writeFileSync(join(import.meta.dirname, '..', 'docs', 'results.md'), `${lines.join('\n')}\n`);

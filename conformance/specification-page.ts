import { AREAS } from '../spec/clauses/index.js';
import { ACCURACY_NAMES, CONTRACTS, type FloatFormat } from '../spec/contracts/index.js';
import { SPEC_VERSION } from '../spec/version.js';
import type { Check } from './check.js';

/** The specification as a Markdown page: every clause, and the checks that hold a backend to it. */
export function specificationPage(checks: readonly Check[]): string {
  const lines = [
    `# Specification, version ${SPEC_VERSION}`,
    '',
    'What a backend or a port must compute, clause by clause. This page is made from `spec/clauses` by',
    '`npx tsx scripts/specification.ts`. A failing check names the clauses that are broken. "Needs" are',
    'the clauses that one stands on: take them first.',
    '',
  ];
  for (const { title, introduction, clauses } of AREAS) {
    lines.push(`## ${title}`, '', introduction, '');
    for (const { id, since, level, text, formula, needs, source } of clauses) {
      lines.push(`### ${id}`, '', text, '');
      if (formula !== undefined) lines.push('```', formula, '```', '');
      const held = checks.filter((check) => check.clauses.includes(id)).map((check) => check.id);
      const facts = [
        `${level}, since ${since}`,
        ...(needs.length === 0 ? [] : [`needs ${needs.map((need) => `\`${need}\``).join(', ')}`]),
        ...(source === undefined ? [] : [`source: ${source}`]),
        `checked by ${held.map((check) => `\`${check}\``).join(', ')}`,
      ];
      lines.push(...facts.map((fact) => `- ${fact}`), '');
    }
  }
  lines.push(...contractTable());
  return `${lines.join('\n').trimEnd()}\n`;
}

function factorText({ unitRoundoff, flushBelow, overflow }: FloatFormat): string {
  const relative = `2^${Math.log2(unitRoundoff)}`;
  if (flushBelow === 0) return relative;
  return `${relative}, 0 below 2^${Math.log2(flushBelow)}, up to ${Math.floor(overflow)}`;
}

/** An argument where an absolute error is granted, if it is of any. */
const SMALL = 0.25;

function contractTable(): readonly string[] {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rows = Object.values(CONTRACTS).map((contract) => {
    const { name, accuracy, factors, nonFinite, signedZeros, format, reassociates } = contract;
    const cells = ACCURACY_NAMES.map((fn) => {
      const [at0, at8] = [accuracy[fn](1, 1), accuracy[fn](8, 8)];
      const within = contract.accuracyWithin[fn](SMALL, SMALL).absolute;
      if (within !== accuracy[fn](SMALL, SMALL).absolute)
        return `${at0.ulps}; within GELU or 2^${Math.log2(within)} below 1/2`;
      const ulps = at0.ulps === at8.ulps ? `${at0.ulps}` : `${at0.ulps} at 1, ${at8.ulps} at 8`;
      return at0.absolute === 0 ? ulps : `${ulps} or ${at0.absolute.toPrecision(2)}`;
    });
    return row([
      `\`${name}\``,
      ...cells,
      factors === undefined ? 'exact' : factorText(factors),
      format('f32').flushBelow === 0 ? 'kept' : 'may be 0',
      nonFinite,
      signedZeros,
      reassociates ? 'any' : 'as written',
    ]);
  });
  return [
    '## Numeric contracts',
    '',
    'A backend names one of these. `f32-ieee` is that of',
    'IEEE 754 hardware with a mathematical library of OpenCL accuracy, and `f32-libm` that of machine learning libraries:',
    'PyTorch on a CPU. Of neither a check knows whether it is needed: name the narrower one first, and read the failures.',
    '',
    'Errors of functions in units in the last place (0.5 is rounding to',
    'nearest), or absolute where that is more; + - * are rounded to nearest; sums and inner products of n',
    'terms run in any order and may be fused: at most (n u / (1 - n u)) sum |x|; n is twice as many where',
    'factors of products are rounded, since units that multiply such may cut their sums. Where the order of',
    'elementwise operations is any, too, a + b + c and a b / c are such sums and products however they are written.',
    '',
    row([
      'contract',
      ...ACCURACY_NAMES,
      'factors of products',
      'subnormals',
      'NaN, infinities',
      'signs of zeros',
      'order',
    ]),
    row(Array.from({ length: ACCURACY_NAMES.length + 6 }, () => '---')),
    ...rows,
    '',
  ];
}

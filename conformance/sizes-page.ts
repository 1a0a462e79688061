import fc from 'fast-check';
import { elementCount, formatType, type TensorType } from '../spec/program/index.js';
import type { Family } from './case.js';
import type { Check } from './check.js';
import { SIZED_FAMILIES } from './real-size/index.js';
import { markdownTable } from './report/markdown-table.js';

/** Cases of a family in a run of the gate. */
const GATE = { seed: 1, numRuns: 30 };

/**
 * Which sizes each check reaches, as a Markdown page: of cases that are drawn the largest tensor and the
 * longest axis among those of the gate, of cases that are chosen their sizes.
 */
export function sizesPage(checks: readonly Check[]): string {
  const sized = new Set(SIZED_FAMILIES.map(({ family }) => family.id));
  const drawn = checks.filter(({ id, family }) => family !== undefined && !sized.has(id));
  const others = checks.filter(({ family }) => family === undefined);
  return `${[
    '# Sizes',
    '',
    'Which sizes each check reaches. Made by `npx tsx scripts/sizes.ts`; a test holds it to the cases.',
    '',
    '## Chosen, at the sizes of training',
    '',
    'Every element of these results is judged (`conformance/real-size`). The gate has the first column,',
    '`lacuna conform --real` both.',
    '',
    ...markdownTable(
      ['check', 'in the gate', 'with `--real`, too'],
      SIZED_FAMILIES.map(({ family, gate, real }) => [
        `\`${family.id}\``,
        gate.map(formatSizes).join('; '),
        real.map(formatSizes).join('; '),
      ]),
    ),
    '',
    '## Repeated, and whole steps',
    '',
    ...markdownTable(
      ['check', 'reaches'],
      others
        .filter(({ reaches }) => reaches !== undefined)
        .map(({ id, reaches = '' }) => [`\`${id}\``, reaches]),
    ),
    '',
    `## Drawn, ${GATE.numRuns} cases each`,
    '',
    ...markdownTable(
      ['check', 'largest tensor', 'longest axis'],
      drawn.map(({ family }) => reach(family as Family)),
    ),
  ].join('\n')}\n`;
}

function reach(family: Family): readonly string[] {
  const types = fc
    .sample(family.parameters, GATE)
    .map((parameters) => family.make(parameters))
    .flatMap(({ program, runs }): TensorType[] => [
      ...(program?.inputs ?? []),
      ...(program?.operations ?? []).flatMap(({ results }) => results),
      ...runs.flatMap((inputs) => Object.values(inputs)),
    ]);
  const most = types.reduce(
    (best: TensorType | undefined, each) =>
      elementCount(each.shape) > elementCount(best?.shape ?? [0]) ? each : best,
    undefined,
  );
  const axis = types.reduce((longest, { shape }) => Math.max(longest, ...shape), 0);
  return [`\`${family.id}\``, most === undefined ? '' : formatType(most), String(axis)];
}

function formatSizes(parameters: Readonly<Record<string, unknown>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

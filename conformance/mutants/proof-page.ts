import { ALL_CHECKS } from '../checks.js';
import { markdownTable } from '../report/markdown-table.js';
import { TEST_CASES } from '../test-cases.js';
import type { Kill } from './prove.js';
import type { Sharpness } from './sharpness.js';

/** What came of planting mistakes by hand, by backend: `scripts/plant-mistakes.ts` writes it. */
export type PlantedByName = Readonly<Record<string, PlantedCounts>>;

export interface PlantedCounts {
  /** Mistakes that stand in the list; `planted` are those whose outcome is kept. */
  readonly listed: number;
  readonly planted: number;
  readonly found: number;
  /** Of those that somebody planted who did not write the cases, at the sizes of training. */
  readonly real: { readonly planted: number; readonly found: number };
  /** Those that were not found, with the reason. */
  readonly survivors: readonly { readonly name: string; readonly reason: string }[];
}

/** What `scripts/prove-suite.ts` found, as `kills.json` holds it. */
export interface Proof {
  readonly mutants: number;
  readonly killed: number;
  readonly survivors: readonly { readonly mutant: string; readonly reason: string }[];
  readonly legalRuns: number;
  readonly falseAlarms: number;
  /** Correct but different backends. */
  readonly members: number;
  /** Of one core. */
  readonly minutes: number;
  /** Mutants found by the level of the check, and by the data of the smallest case. */
  readonly levels: Counts;
  readonly regimes: Counts;
  /** Of mutants out of bounds, in multiples of the bound: the nearest, a tenth, half of them. */
  readonly ratios: readonly number[];
  /** Of mutants that a case found: how many the first so many cases of the check find. */
  readonly cases: readonly { readonly cases: number; readonly found: number }[];
  readonly sharp: readonly Sharpness[];
}

type Counts = Readonly<Record<string, number>>;

/** What of the proof follows from the kills alone. */
export function countsOf(
  kills: readonly Kill[],
): Pick<Proof, 'levels' | 'regimes' | 'ratios' | 'cases'> {
  const levelOf = new Map(ALL_CHECKS.map(({ id, level }) => [id, level]));
  const ratios = kills.flatMap(({ ratio }) => ratio ?? []).sort((a, b) => a - b);
  return {
    levels: counted(kills.flatMap(({ check }) => levelOf.get(check)?.toString() ?? [])),
    regimes: counted(
      kills.flatMap(({ address = '' }) => /regime="(\w+)"/.exec(address)?.[1] ?? []),
    ),
    ratios: [0, 0.1, 0.5].map((share) => ratios[Math.floor(share * (ratios.length - 1))] ?? 0),
    cases: [1, 3, 6, TEST_CASES, 30, 200].map((most) => ({
      cases: most,
      found: kills.filter(({ cases = Number.POSITIVE_INFINITY }) => cases <= most).length,
    })),
  };
}

function counted(names: readonly string[]): Counts {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** `docs/proof.md`. */
export function proofPage(proof: Proof, planted: PlantedByName): string {
  const { killed, mutants, survivors, legalRuns, falseAlarms, members, minutes } = proof;
  const [nearest, tenth, half] = proof.ratios.map((ratio) => ratio.toPrecision(3));
  const counts = Object.values(planted);
  const sum = (count: (each: PlantedCounts) => number): number =>
    counts.reduce((total, each) => total + count(each), 0);
  const [hand, found] = [sum((each) => each.planted), sum((each) => each.found)];
  const [real, realFound] = [sum((each) => each.real.planted), sum((each) => each.real.found)];
  const percent = (part: number, whole: number): string =>
    whole === 0 ? 'none was planted' : `${((100 * part) / whole).toFixed(1)} %`;
  return `${[
    '# The suite, proven',
    '',
    'Made by `npx tsx scripts/prove-suite.ts`, and again by its `--page` after `scripts/plant-mistakes.ts`. Mutants are made',
    'by rule: every operator of `conformance/mutants` on every operation, composite, objective and relation. A',
    'score by rule measures the rules; beside it stand the mistakes that people planted in the sources of real',
    'backends and of the ports.',
    '',
    `- By rule: ${killed} of ${mutants} mutants were found: ${percent(killed, mutants)}; the others are below, with reasons.`,
    `- By hand: ${found} of ${hand} planted mistakes were found: ${percent(found, hand)}. Of them, planted at the sizes of training by one who had not written the cases: ${realFound} of ${real}, ${percent(realFound, real)}.`,
    `- ${legalRuns} runs of ${members} correct but different backends through a check: ${falseAlarms} false alarms; \`npx tsx scripts/prove-suite.ts --legal 10000\` makes more.`,
    `- Of mutants that were out of bounds: the nearest was ${nearest} times its bound off, a tenth below ${tenth}, half below ${half}.`,
    `- It took ${minutes.toFixed(0)} minutes of one core.`,
    '',
    '## Planted by hand',
    '',
    'What is listed and not planted has not been tried since its outcome is kept by name, or needs a device that was not',
    'there. A mistake that was missed at first, and is found since cases of its kind were added, counts as found.',
    '',
    ...markdownTable(
      ['in', 'listed', 'found, of those planted', 'of them at the sizes of training'],
      Object.entries(planted).map(([name, own]) => [
        name,
        String(own.listed),
        `${own.found} of ${own.planted}`,
        `${own.real.found} of ${own.real.planted}`,
      ]),
    ),
    '',
    ...Object.entries(planted).flatMap(([name, own]) =>
      own.survivors.map((each) => `- ${name}: ${each.name}: ${each.reason}`),
    ),
    '',
    '## Found by rule, by the level of the check',
    '',
    ...markdownTable(['level', 'mutants'], rows(proof.levels)),
    '',
    '## Found by rule, by the data of the smallest case',
    '',
    ...markdownTable(['regime', 'mutants'], rows(proof.regimes)),
    '',
    '## Found by rule, by the number of cases',
    '',
    `Of a family's cases, in the order in which they are drawn. A backend's tests take ${TEST_CASES}, \`lacuna conform\` 30.`,
    '',
    ...markdownTable(
      ['cases of the check', 'mutants that they find'],
      proof.cases.map(({ cases, found: own }) => [String(cases), String(own)]),
    ),
    '',
    '## How near a mistake each check still finds',
    '',
    'Of all mistakes by rule and in the fleet of faulty backends that change what a check judges in a handful of its',
    'cases: the least that its bounds exclude, and the largest that they do not, each in multiples of the bound.',
    '',
    ...markdownTable(
      ['check', 'found', 'the nearest that is found', 'the largest that is not'],
      proof.sharp.map(sharpRow),
    ),
    '',
    '## Survivors by rule',
    '',
    ...[...new Set(survivors.map(({ reason }) => reason))].flatMap((reason) => [
      `### ${reason}`,
      '',
      ...survivors.filter((each) => each.reason === reason).map(({ mutant }) => `- ${mutant}`),
      '',
    ]),
  ]
    .join('\n')
    .trimEnd()}\n`;
}

function rows(counts: Counts): readonly (readonly string[])[] {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => [name, String(count)]);
}

function sharpRow({ check, tried, found, nearest, missed }: Sharpness): readonly string[] {
  const text = (near: Sharpness['nearest']): string =>
    near === undefined
      ? ''
      : `${near.mistake}${near.ratio === undefined ? '' : `: ${near.ratio.toPrecision(2)}`}`;
  return [`\`${check}\``, `${found} of ${tried}`, text(nearest), text(missed)];
}

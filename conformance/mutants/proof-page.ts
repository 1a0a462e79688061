import { ALL_CHECKS } from '../checks.js';
import type { Kill } from './prove.js';
import type { Sharpness } from './sharpness.js';

/** What came of planting mistakes by hand, by backend: `scripts/plant.ts` writes it. */
export type PlantedByName = Readonly<Record<string, PlantedCounts>>;

export interface PlantedCounts {
  readonly planted: number;
  readonly found: number;
  /** Of those that somebody planted who did not write the cases, at the sizes of training. */
  readonly real: { readonly planted: number; readonly found: number };
  /** Those that were not found, with the reason. */
  readonly survivors: readonly { readonly name: string; readonly reason: string }[];
}

/** What is known of the suite. */
export interface Proof {
  readonly mutants: number;
  readonly kills: readonly Kill[];
  readonly survivors: readonly { readonly mutant: string; readonly reason: string }[];
  readonly planted: PlantedByName;
  readonly sharp: readonly Sharpness[];
  readonly legalRuns: number;
  readonly falseAlarms: number;
  /** Correct but different backends. */
  readonly members: number;
  readonly minutes: number;
}

/** `docs/proof.md`. */
export function proofPage(proof: Proof): string {
  const { kills, mutants, survivors, planted, legalRuns, falseAlarms, members, minutes } = proof;
  const ratios = kills.flatMap(({ ratio }) => ratio ?? []).sort((a, b) => a - b);
  const at = (share: number): string =>
    (ratios[Math.floor(share * (ratios.length - 1))] ?? 0).toPrecision(3);
  const counts = Object.values(planted);
  const sum = (count: (each: PlantedCounts) => number): number =>
    counts.reduce((total, each) => total + count(each), 0);
  const [hand, found] = [sum((each) => each.planted), sum((each) => each.found)];
  const [real, realFound] = [sum((each) => each.real.planted), sum((each) => each.real.found)];
  const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;
  return `${[
    '# The suite, proven',
    '',
    'Made by `npx tsx scripts/prove-suite.ts`, from what `scripts/plant.ts` found. Mutants are made by rule: every operator of',
    '`conformance/mutants` on every operation, composite, objective and relation. A score by rule measures the',
    'rules; beside it stand the mistakes that people planted in the sources of real backends and of the NumPy port.',
    '',
    `- By rule: ${kills.length} of ${mutants} mutants were found: ${percent(kills.length, mutants)}; the others are below, with reasons.`,
    `- By hand: ${found} of ${hand} planted mistakes were found: ${percent(found, hand)}. Of them, planted at the sizes of training by one who had not written the cases: ${realFound} of ${real}, ${percent(realFound, real)}.`,
    `- ${legalRuns} runs of ${members} correct but different backends through a check: ${falseAlarms} false alarms; \`npx tsx scripts/prove-suite.ts --legal 10000\` makes more.`,
    `- Of mutants that were out of bounds: the nearest was ${at(0)} times its bound off, a tenth below ${at(0.1)}, half below ${at(0.5)}.`,
    `- It took ${minutes.toFixed(1)} minutes.`,
    '',
    '## Planted by hand',
    '',
    ...table(
      ['in', 'found', 'of them at the sizes of training'],
      Object.entries(planted).map(([name, own]) => [
        name,
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
    ...table(['level', 'mutants'], levels(kills)),
    '',
    '## Found by rule, by the data of the smallest case',
    '',
    ...table(['regime', 'mutants'], regimes(kills)),
    '',
    '## How near a mistake each check still finds',
    '',
    'Of all mistakes by rule and in the fleet of faulty backends that change what a check judges in a handful of its',
    'cases: the least that its bounds exclude, and the largest that they do not, each in multiples of the bound.',
    '',
    ...table(
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

function sharpRow({ check, tried, found, nearest, missed }: Sharpness): readonly string[] {
  const text = (near: Sharpness['nearest']): string =>
    near === undefined ? '' : `${near.mistake}: ${near.ratio.toPrecision(2)}`;
  return [`\`${check}\``, `${found} of ${tried}`, text(nearest), text(missed)];
}

function levels(kills: readonly Kill[]): readonly (readonly string[])[] {
  const levelOf = new Map(ALL_CHECKS.map(({ id, level }) => [id, level]));
  return [0, 1, 2, 3, 4].map((level) => {
    const own = kills.filter(({ check }) => levelOf.get(check) === level).length;
    return [String(level), String(own)];
  });
}

function regimes(kills: readonly Kill[]): readonly (readonly string[])[] {
  const counts = new Map<string, number>();
  for (const { address = '' } of kills) {
    const regime = /regime="(\w+)"/.exec(address)?.[1];
    if (regime !== undefined) counts.set(regime, (counts.get(regime) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([regime, n]) => [regime, String(n)]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

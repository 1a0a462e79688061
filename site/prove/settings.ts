import type { Precision } from '../../core/backend.js';
import { LacunaError } from '../../spec/errors.js';

/** What a run in the browser is told by the query of its address. */
export interface PageSettings {
  /** Only checks whose id begins so. */
  readonly filter: string;
  /** Only checks that hold to this clause of the specification. @defaultValue all */
  readonly clause?: string;
  /** Cases of each family. */
  readonly cases: number;
  /** What the cases are drawn from. */
  readonly seed: number;
  /** Whether operations share kernels. */
  readonly fuse: boolean;
  /** Keep to the limits that every implementation grants. */
  readonly defaultLimits: boolean;
  /** Whether kernels may use subgroup operations, where the adapter has them. */
  readonly subgroups: boolean;
  /** `mixed`: products read f16. */
  readonly precision: Precision;
}

/** The parameters of the query, the first choice of each being what holds without it. */
const CHOICES = {
  fuse: ['on', 'off'],
  limits: ['highest', 'default'],
  subgroups: ['on', 'off'],
  precision: ['f32', 'mixed'],
} as const;
/** Cases of a family: more would not end in a tab. */
export const MOST_CASES: number = 10_000;
const NAMES: readonly string[] = ['filter', 'clause', 'cases', 'seed', ...Object.keys(CHOICES)];

/** Reads `?filter=primitive/&clause=op.add&cases=30&seed=1&fuse=off`. @throws LacunaError where it is wrong. */
export function parseSettings(query: string): PageSettings {
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (NAMES.includes(name)) continue;
    throw new LacunaError({
      where: "the page's address",
      what: 'there is no parameter of this name',
      got: name,
      expected: `some of ${NAMES.join(', ')}`,
    });
  }
  const clause = parameters.get('clause') ?? '';
  return {
    filter: parameters.get('filter') ?? '',
    ...(clause === '' ? {} : { clause }),
    cases: whole(parameters, 'cases', { least: 1, most: MOST_CASES, otherwise: 30 }),
    seed: whole(parameters, 'seed', { least: 0, most: Number.MAX_SAFE_INTEGER, otherwise: 1 }),
    fuse: isFirst(parameters, 'fuse'),
    defaultLimits: !isFirst(parameters, 'limits'),
    subgroups: isFirst(parameters, 'subgroups'),
    precision: isFirst(parameters, 'precision') ? 'f32' : 'mixed',
  };
}

/** The parameters of a query that settings come from, but for what is asked of them. */
export function choicesOf(settings: PageSettings): Readonly<Record<string, string>> {
  const { cases, seed, fuse, defaultLimits, subgroups, precision } = settings;
  const choice = (name: keyof typeof CHOICES, isUsual: boolean): string =>
    CHOICES[name][isUsual ? 0 : 1];
  return {
    cases: `${cases}`,
    seed: `${seed}`,
    fuse: choice('fuse', fuse),
    limits: choice('limits', !defaultLimits),
    subgroups: choice('subgroups', subgroups),
    precision,
  };
}

/** Of these the ones that are not what holds without them. */
export function unusualChoices(settings: PageSettings): Readonly<Record<string, string>> {
  const usual = choicesOf(parseSettings(''));
  const own = Object.entries(choicesOf(settings));
  return Object.fromEntries(own.filter(([name, value]) => value !== usual[name]));
}

/** The same as one would say it: `cases 5, fuse off`. */
export function choicesInWords(settings: PageSettings): string {
  const own = Object.entries(unusualChoices(settings));
  return own.map(([name, value]) => `${name} ${value}`).join(', ');
}

function whole(
  parameters: URLSearchParams,
  name: string,
  {
    least,
    most,
    otherwise,
  }: { readonly least: number; readonly most: number; readonly otherwise: number },
): number {
  const text = parameters.get(name) ?? '';
  // An empty field of the page's form.
  if (text === '') return otherwise;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  const expected = `a whole number from ${least} to ${most}`;
  throw new LacunaError({
    where: `${name} in the page's address`,
    what: WRONG,
    got: text,
    expected,
  });
}

function isFirst(parameters: URLSearchParams, name: keyof typeof CHOICES): boolean {
  const [first, second] = CHOICES[name];
  const text = parameters.get(name) ?? '';
  if (text === '' || text === first) return true;
  if (text === second) return false;
  const expected = `${first} or ${second}`;
  throw new LacunaError({
    where: `${name} in the page's address`,
    what: WRONG,
    got: text,
    expected,
  });
}

const WRONG = 'the parameter has no such value';

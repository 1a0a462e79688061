import { ALL_CHECKS } from '../checks.js';
import { LEGAL_FLEET } from '../fleet/legal.js';
import { checkBackend } from '../run-checks.js';
import { allMutants } from './index.js';
import { type Kill, kill } from './prove.js';
import { type Sharpness, sharpness } from './sharpness.js';

/** What a part of the proof found; parts of one proof are disjoint and make the whole. */
export interface Findings {
  readonly mutants: number;
  readonly kills: readonly Kill[];
  readonly survivors: readonly string[];
  /** Checks that ran on correct backends, and those of them that failed or proved nothing. */
  readonly legalRuns: number;
  readonly alarms: readonly string[];
  readonly sharp: readonly Sharpness[];
  /** Of one core. */
  readonly minutes: number;
}

/** Which part of the proof: every `of`-th thing from the `part`-th on, counted from 1. */
export interface Share {
  readonly part: number;
  readonly of: number;
}

const LEGAL_SEEDS = [11, 12];

/**
 * A share of every mutant, of every legal backend at several seeds, and of every check's sharpness.
 *
 * @param only Mutants whose name contains this, and nothing else, where it is not empty.
 * @param tell Told what is done, from time to time.
 */
export async function findings(
  share: Share,
  only: string,
  tell: (said: string) => void,
): Promise<Findings> {
  const mutants = own(share, allMutants()).filter(({ name }) => name.includes(only));
  const kills: Kill[] = [];
  const survivors: string[] = [];
  for (const [done, mutant] of mutants.entries()) {
    const found = await kill(mutant, ALL_CHECKS);
    if (found === undefined) survivors.push(mutant.name);
    else kills.push(found);
    tell(`${done + 1}/${mutants.length} mutants, ${survivors.length} survive`);
  }
  const isWhole = only === '';
  const { legalRuns, alarms } = isWhole ? await runLegal(share, tell) : NO_RUNS;
  const sharp = isWhole ? await measureSharpness(share, tell) : [];
  const { user, system } = process.cpuUsage();
  const minutes = (user + system) / 60e6;
  return { mutants: mutants.length, kills, survivors, legalRuns, alarms, sharp, minutes };
}

/** All parts together, in the order that one process would have found them in. */
export function together(parts: readonly Findings[]): Findings {
  const sum = (of: (each: Findings) => number): number =>
    parts.reduce((total, each) => total + of(each), 0);
  const orderOf = new Map(
    [...allMutants().map(({ name }) => name), ...ALL_CHECKS.map(({ id }) => id)].map(
      (name, index) => [name, index],
    ),
  );
  const sorted = <T>(all: readonly T[], name: (each: T) => string): readonly T[] =>
    [...all].sort((a, b) => (orderOf.get(name(a)) ?? 0) - (orderOf.get(name(b)) ?? 0));
  return {
    mutants: sum(({ mutants }) => mutants),
    kills: sorted(
      parts.flatMap(({ kills }) => kills),
      ({ mutant }) => mutant,
    ),
    survivors: sorted(
      parts.flatMap(({ survivors }) => survivors),
      (name) => name,
    ),
    legalRuns: sum(({ legalRuns }) => legalRuns),
    alarms: parts.flatMap(({ alarms }) => alarms),
    sharp: sorted(
      parts.flatMap(({ sharp }) => sharp),
      ({ check }) => check,
    ),
    minutes: sum(({ minutes }) => minutes),
  };
}

const NO_RUNS = { legalRuns: 0, alarms: [] } as const;

/** Members of the legal fleet through every family. */
async function runLegal(
  share: Share,
  tell: (said: string) => void,
): Promise<Pick<Findings, 'legalRuns' | 'alarms'>> {
  const quick = ALL_CHECKS.filter(({ level, id }) => level < 3 && !/^(function|real)\//.test(id));
  const runs = LEGAL_FLEET.flatMap((member) => LEGAL_SEEDS.map((seed) => ({ ...member, seed })));
  let legalRuns = 0;
  const alarms: string[] = [];
  for (const [done, { name, open, seed }] of own(share, runs).entries()) {
    const { checks } = await checkBackend(open(), { checks: quick, seed, cases: 10 });
    legalRuns += checks.length;
    const wrong = checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'vacuous');
    alarms.push(...wrong.map(({ id }) => `${name}, ${id}, seed ${seed}`));
    tell(`${done + 1}/${own(share, runs).length} runs of legal backends, ${alarms.length} alarms`);
  }
  return { legalRuns, alarms };
}

/** How near a mistake may be and still be found, check by check. */
async function measureSharpness(
  share: Share,
  tell: (said: string) => void,
): Promise<readonly Sharpness[]> {
  const families = ALL_CHECKS.flatMap(({ id, family }) =>
    family === undefined || id.startsWith('real/') ? [] : [family],
  );
  const measured: Sharpness[] = [];
  for (const [done, family] of own(share, families).entries()) {
    const found = await sharpness(family);
    if (found !== undefined) measured.push(found);
    tell(`${done + 1}/${own(share, families).length} checks' sharpness`);
  }
  return measured;
}

function own<T>({ part, of }: Share, all: readonly T[]): readonly T[] {
  return all.filter((_, index) => index % of === part - 1);
}

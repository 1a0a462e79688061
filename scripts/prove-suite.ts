import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { legalRuns } from '../conformance/fleet/legal-runs.js';
import { ALL_CHECKS, type Check, checkBackend, LEGAL_FLEET } from '../conformance/index.js';
import { allMutants } from '../conformance/mutants/index.js';
import { countsOf, type Proof, proofPage } from '../conformance/mutants/proof-page.js';
import { type Kill, kill, killBy } from '../conformance/mutants/prove.js';
import { type Sharpness, sharpness } from '../conformance/mutants/sharpness.js';
import { SURVIVORS } from '../conformance/mutants/survivors.js';
import { CLAUSES } from '../spec/clauses/index.js';
import { plantedCounts } from './plant-mistakes.js';

/**
 * Shows that the suite finds mistakes and raises no false alarm:
 *
 *     npx tsx scripts/prove-suite.ts             every mutant; 1,000 and more runs of legal backends
 *     npx tsx scripts/prove-suite.ts --page      the page again, after `scripts/plant-mistakes.ts`
 *     npx tsx scripts/prove-suite.ts --only composite/softmax
 *     npx tsx scripts/prove-suite.ts --share 2/4   every fourth mutant, from the second on
 *     npx tsx scripts/prove-suite.ts --legal 10000 --seed 1   no mutant: so many runs of legal backends and ports
 *
 * Writes `conformance/mutants/kills.json` and `docs/proof.md` when all of it ran. Ends with 1 where a
 * mutant survives without a reason in `survivors.ts`, or a legal backend or port fails.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    share: { type: 'string', default: '1/1' },
    legal: { type: 'string' },
    seed: { type: 'string', default: '1' },
    page: { type: 'boolean', default: false },
  },
});
const FOLDER = join(import.meta.dirname, '..', 'conformance', 'mutants');
const KILLS = join(FOLDER, 'kills.json');
if (values.page) {
  writePage();
  process.exit();
}
if (values.legal !== undefined) {
  const progress = (done: number): void => console.error(`${done} runs`);
  const { runs: ran, alarms: raised } = await legalRuns(
    Number(values.legal),
    Number(values.seed),
    progress,
  );
  for (const alarm of raised) console.log(`FALSE ALARM ${alarm}`);
  console.log(`${ran} runs of checks on legal backends and ports, ${raised.length} false alarms`);
  process.exit(raised.length > 0 ? 1 : 0);
}
const [part = 1, parts = 1] = values.share.split('/').map(Number);
const all = allMutants();
const mutants = all.filter(
  ({ name }, index) => name.includes(values.only) && index % parts === part - 1,
);
const kills: Kill[] = [];
const survivors: string[] = [];
for (const [done, mutant] of mutants.entries()) {
  const found = await kill(mutant, ALL_CHECKS);
  if (found === undefined) survivors.push(mutant.name);
  else kills.push(found);
  const said = `${done}/${mutants.length} mutants, ${survivors.length} survive`;
  if (process.stderr.isTTY && done % 10 === 0) process.stderr.write(`\r${said} `);
  else if (done % 100 === 0) console.error(said);
}
const uncovered = CLAUSES.filter(
  ({ id, level }) =>
    level === 'MUST' && !kills.some(({ check }) => checkNamed(check)?.clauses.includes(id)),
);
const partial = values.only !== '' || parts > 1;
const violations: Kill[] = [];
for (const { id } of partial ? [] : uncovered) {
  const found = await violation(id);
  if (found !== undefined) violations.push(found);
}
const reasonOf = (name: string): string | undefined =>
  SURVIVORS.find(({ mutants: pattern }) => pattern.test(name))?.reason;
const unexplained = survivors.filter((name) => reasonOf(name) === undefined);
console.log(`\n${kills.length} of ${mutants.length} mutants found, ${survivors.length} survive`);
for (const name of unexplained) console.log(`SURVIVES ${name}`);
const { runs, alarms } = partial ? { runs: 0, alarms: [] } : await quickLegalRuns();
for (const alarm of alarms) console.log(`FALSE ALARM ${alarm}`);
if (!partial) publish(await measureSharpness());
if (unexplained.length > 0 || alarms.length > 0) process.exitCode = 1;

/** A planted mistake or a wrong result that a check of this clause finds. */
async function violation(clause: string): Promise<Kill | undefined> {
  const checks = ALL_CHECKS.filter(({ clauses }) => clauses.includes(clause));
  for (const mutant of all.filter(({ name }) =>
    /^(planted|transport|contract|primitive)/.test(name),
  )) {
    for (const check of checks) {
      const found = await killBy(mutant.name, mutant.open(), check);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Every member of the legal fleet through every family, at several seeds. */
async function quickLegalRuns(): Promise<{ runs: number; alarms: readonly string[] }> {
  const quick = ALL_CHECKS.filter(({ level, id }) => level < 3 && !/^(function|real)\//.test(id));
  let total = 0;
  const wrong: string[] = [];
  for (const { name, open } of LEGAL_FLEET) {
    for (const seed of [11, 12]) {
      const report = await checkBackend(open(), { checks: quick, seed, cases: 10 });
      total += report.checks.length;
      wrong.push(...report.checks.filter(bad).map(({ id }) => `${name}, ${id}, seed ${seed}`));
    }
  }
  return { runs: total, alarms: wrong };
}

function bad({ verdict }: { readonly verdict: string }): boolean {
  return verdict === 'fail' || verdict === 'vacuous';
}

/** How near a mistake may be and still be found, check by check. */
async function measureSharpness(): Promise<readonly Sharpness[]> {
  const measured: Sharpness[] = [];
  for (const { id, family } of ALL_CHECKS) {
    if (family === undefined || id.startsWith('real/')) continue;
    const found = await sharpness(family);
    if (found !== undefined) measured.push(found);
  }
  return measured;
}

function publish(sharp: readonly Sharpness[]): void {
  const clauses = Object.fromEntries(
    CLAUSES.map(({ id }) => {
      const violated = [...kills, ...violations].filter(({ check }) =>
        checkNamed(check)?.clauses.includes(id),
      );
      const [first] = violated;
      return [id, { violated: violated.length, ...(first === undefined ? {} : { by: first }) }];
    }),
  );
  const { user, system } = process.cpuUsage();
  const proof: Proof = {
    mutants: mutants.length,
    killed: kills.length,
    legalRuns: runs,
    falseAlarms: alarms.length,
    members: LEGAL_FLEET.length,
    minutes: (user + system) / 60e6,
    ...countsOf(kills),
    survivors: survivors.map((mutant) => ({ mutant, reason: reasonOf(mutant) ?? '' })),
    sharp,
  };
  writeFileSync(KILLS, `${JSON.stringify({ ...proof, clauses }, undefined, 1)}\n`);
  writePage();
}

/** Writes the page from what was found before, by rule and by hand. */
function writePage(): void {
  const proof = JSON.parse(readFileSync(KILLS, 'utf8')) as Proof;
  const page = proofPage(proof, plantedCounts());
  writeFileSync(join(FOLDER, '..', '..', 'docs', 'proof.md'), page);
}

function checkNamed(id: string): Check | undefined {
  return ALL_CHECKS.find((check) => check.id === id);
}

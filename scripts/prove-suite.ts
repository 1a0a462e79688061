import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { legalRuns } from '../conformance/fleet/legal-runs.js';
import { ALL_CHECKS, type Check, LEGAL_FLEET } from '../conformance/index.js';
import { type Findings, findings, together } from '../conformance/mutants/findings.js';
import { allMutants } from '../conformance/mutants/index.js';
import { countsOf, type Proof, proofPage } from '../conformance/mutants/proof-page.js';
import { type Kill, killBy } from '../conformance/mutants/prove.js';
import { SURVIVORS } from '../conformance/mutants/survivors.js';
import { CLAUSES } from '../spec/clauses/index.js';
import { plantedCounts } from './plant-mistakes.js';

/**
 * Shows that the suite finds mistakes and raises no false alarm:
 *
 *     npx tsx scripts/prove-suite.ts             every mutant; 1,000 and more runs of legal backends
 *     npx tsx scripts/prove-suite.ts --workers 1   in one process, not in as many as there are cores
 *     npx tsx scripts/prove-suite.ts --page      the page again, after `scripts/plant-mistakes.ts`
 *     npx tsx scripts/prove-suite.ts --only composite/softmax
 *     npx tsx scripts/prove-suite.ts --legal 10000 --seed 1   no mutant: so many runs of legal backends and ports
 *
 * Writes `conformance/mutants/kills.json` and `docs/proof.md` when all of it ran. Ends with 1 where a
 * mutant survives without a reason in `survivors.ts`, or a legal backend or port fails.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    workers: { type: 'string', default: `${Math.min(8, availableParallelism())}` },
    /** Of a worker: which part is its own, and the file that takes what it finds. */
    share: { type: 'string' },
    findings: { type: 'string', default: '' },
    legal: { type: 'string' },
    seed: { type: 'string', default: '1' },
    page: { type: 'boolean', default: false },
  },
});
const FOLDER = join(import.meta.dirname, '..', 'conformance', 'mutants');
const KILLS = join(FOLDER, 'kills.json');

if (values.page) writePage();
else if (values.legal !== undefined) await runLegal(Number(values.legal), Number(values.seed));
else if (values.share !== undefined) await work(values.share);
else await prove(Number(values.workers));

async function runLegal(count: number, seed: number): Promise<void> {
  const { runs, alarms } = await legalRuns(count, seed, (done) => console.error(`${done} runs`));
  for (const alarm of alarms) console.log(`FALSE ALARM ${alarm}`);
  console.log(`${runs} runs of checks on legal backends and ports, ${alarms.length} false alarms`);
  if (alarms.length > 0) process.exitCode = 1;
}

/** A worker: its own part, into its file. */
async function work(share: string): Promise<void> {
  const [part = 1, of = 1] = share.split('/').map(Number);
  let told = performance.now();
  const found = await findings({ part, of }, values.only, (said) => {
    if (performance.now() - told < 10_000) return;
    told = performance.now();
    console.error(`${share}: ${said}`);
  });
  writeFileSync(values.findings, JSON.stringify(found));
}

async function prove(workers: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-proof-'));
  try {
    const parts = Array.from({ length: workers }, (_, index) =>
      startWorker(folder, index, workers),
    );
    await conclude(together(await Promise.all(parts)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function startWorker(folder: string, index: number, workers: number): Promise<Findings> {
  const file = join(folder, `${index}.json`);
  const own = ['--share', `${index + 1}/${workers}`, '--findings', file, '--only', values.only];
  const script = process.argv[1] ?? '';
  const child = spawn(process.execPath, [...process.execArgv, script, ...own], {
    stdio: 'inherit',
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve(JSON.parse(readFileSync(file, 'utf8')) as Findings);
      else reject(new Error(`worker ${index + 1} ended with ${code}`));
    });
  });
}

async function conclude(found: Findings): Promise<void> {
  const reasonOf = (name: string): string | undefined =>
    SURVIVORS.find(({ mutants: pattern }) => pattern.test(name))?.reason;
  const { mutants, kills, survivors, alarms } = found;
  const unexplained = survivors.filter((name) => reasonOf(name) === undefined);
  console.log(`\n${kills.length} of ${mutants} mutants found, ${survivors.length} survive`);
  for (const name of unexplained) console.log(`SURVIVES ${name}`);
  for (const alarm of alarms) console.log(`FALSE ALARM ${alarm}`);
  if (unexplained.length > 0 || alarms.length > 0) process.exitCode = 1;
  if (values.only !== '') return;
  const violations: Kill[] = [];
  for (const { id, level } of CLAUSES) {
    if (level !== 'MUST' || violated(id, kills).length > 0) continue;
    const violation = await violationOf(id);
    if (violation !== undefined) violations.push(violation);
  }
  const clauses = Object.fromEntries(
    CLAUSES.map(({ id }) => {
      const by = violated(id, [...kills, ...violations]);
      const [first] = by;
      return [id, { violated: by.length, ...(first === undefined ? {} : { by: first }) }];
    }),
  );
  const proof: Proof = {
    mutants,
    killed: kills.length,
    legalRuns: found.legalRuns,
    falseAlarms: alarms.length,
    members: LEGAL_FLEET.length,
    minutes: found.minutes,
    ...countsOf(kills),
    survivors: survivors.map((mutant) => ({ mutant, reason: reasonOf(mutant) ?? '' })),
    sharp: found.sharp,
  };
  writeFileSync(KILLS, `${JSON.stringify({ ...proof, clauses }, undefined, 1)}\n`);
  writePage();
}

/** A planted mistake or a wrong result that a check of this clause finds. */
async function violationOf(clause: string): Promise<Kill | undefined> {
  const checks = ALL_CHECKS.filter(({ clauses }) => clauses.includes(clause));
  for (const mutant of allMutants().filter(({ name }) =>
    /^(planted|transport|contract|primitive)/.test(name),
  )) {
    for (const check of checks) {
      const found = await killBy(mutant.name, mutant.open(), check);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function violated(clause: string, kills: readonly Kill[]): readonly Kill[] {
  return kills.filter(({ check }) => checkNamed(check)?.clauses.includes(clause));
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

/**
 * Kills `lacuna retrieve` at random moments, and holds what is on the disk to a retrieval that nobody
 * killed: no embedding that was kept is lost or changed, nothing half-written is read, and the retrieval that ends prints the same result to the last digit.
 *
 *     npm run build && npx tsx scripts/kill-retrievals.ts RUN LIST [kills]      50 kills
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const [run = '', list = '', count = '50'] = process.argv.slice(2);
if (run === '' || list === '') {
  console.error('npx tsx scripts/kill-retrievals.ts RUN LIST [kills]');
  process.exit(2);
}
const kills = Number(count);
const main = join(import.meta.dirname, '..', 'dist', 'cli', 'main.js');
const folder = mkdtempSync(join(tmpdir(), 'lacuna-kill-retrievals-'));
const cache = join(folder, 'cache');
const line = [main, 'retrieve', run, '--data', list, '--texts', 'all', '--windows', '2', '--json'];

/** Digests of the whole files of the cache by name, and how many half-written ones lie beside. */
function kept(): { readonly whole: ReadonlyMap<string, string>; readonly partial: number } {
  const whole = new Map<string, string>();
  let partial = 0;
  const folders = existsSync(cache) ? readdirSync(cache) : [];
  for (const model of folders) {
    for (const name of readdirSync(join(cache, model))) {
      const bytes = readFileSync(join(cache, model, name));
      if (name.endsWith('.json')) {
        JSON.parse(bytes.toString('utf8')); // whole, or this throws
        whole.set(name, createHash('sha256').update(bytes).digest('hex'));
      } else partial += 1;
    }
  }
  return { whole, partial };
}

/** Any moment, early ones as often as late ones, a little beyond the end among them. */
function moment(): Promise<void> {
  return setTimeout(Math.random() * 1.05 * long);
}

/** Until so many files are there that were not there before, and up to 5 ms more. */
async function written(files: number): Promise<void> {
  const before = filesKept();
  const end = performance.now() + long;
  while (filesKept() < before + files && performance.now() < end) await setTimeout(1);
  const late = performance.now() + Math.random() * 5;
  while (performance.now() < late);
}

/** Files of the cache, whole or not. */
function filesKept(): number {
  const folders = existsSync(cache) ? readdirSync(cache) : [];
  return folders.reduce((sum, model) => sum + readdirSync(join(cache, model)).length, 0);
}

function straight(options: readonly string[]): string {
  const { stdout, status, stderr } = spawnSync(process.execPath, [...line, ...options], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

const begun = performance.now();
const faults: string[] = [];
const expected = straight(['--no-cache']);
const long = performance.now() - begun;
let ended = 0;
let [during, torn] = [0, 0];
let lastKept = new Map<string, string>() as ReadonlyMap<string, string>;
let finished = 0;
let partial = 0;
while (ended < kills) {
  const child = spawn(process.execPath, [...line, '--cache', cache], { stdio: 'ignore' });
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
  // Every second one is killed while it writes: after so many files more, and some milliseconds.
  const aims = ended % 2 === 1;
  await Promise.race([aims ? written(1 + Math.random() * 8) : moment(), gone]);
  const killed = child.kill('SIGKILL');
  const code = await gone;
  const now = kept();
  for (const [name, digest] of lastKept) {
    if (now.whole.get(name) !== digest) faults.push(`kill ${ended}: ${name} is lost or changed`);
  }
  if (now.whole.size > lastKept.size) during += 1;
  if (now.partial > partial) torn += 1;
  partial = now.partial;
  lastKept = now.whole;
  if (killed && code === null) ended += 1;
  const isDone = code === 0 || ended === kills || ended % 10 === 9;
  if (!isDone) continue;
  if (straight(['--cache', cache]) !== expected) faults.push(`kill ${ended}: another result`);
  finished += 1;
  process.stdout.write(`${ended} kills, ${finished} retrievals ended, ${faults.length} faults\n`);
  rmSync(cache, { recursive: true, force: true });
  lastKept = new Map();
  partial = 0;
}
rmSync(folder, { recursive: true });
for (const fault of faults.slice(0, 20)) console.log(fault);
const seconds = ((performance.now() - begun) / 1000).toFixed(0);
console.log(
  `${ended} kills, ${during} of them after something was kept anew, ${torn} in the middle of a file; ${finished} retrievals ended with the result of one that nobody killed; ${faults.length} faults, ${seconds} s.`,
);
if (faults.length > 0) process.exitCode = 1;

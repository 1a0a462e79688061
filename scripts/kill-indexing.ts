/**
 * Kills `lacuna index` at random moments, and holds what is on the disk to an index that nobody killed:
 * what was embedded is never embedded again, the index before stays whole, and the one that ends is the same
 * to the bit.
 *
 *     npm run build && npx tsx scripts/kill-indexing.ts RUN VIDEOS [kills]      50 kills
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const [run = '', videos = '', count = '50'] = process.argv.slice(2);
if (run === '' || videos === '') {
  console.error('npx tsx scripts/kill-indexing.ts RUN VIDEOS [kills]');
  process.exit(2);
}
const kills = Number(count);
const main = join(import.meta.dirname, '..', 'dist', 'cli', 'main.js');
const folder = mkdtempSync(join(tmpdir(), 'lacuna-kill-indexing-'));
const at = join(folder, 'killed');
const line = (index: string): string[] => [main, 'index', videos, '--model', run, '--index', index];

/** The files that say what an index holds, by name. */
function held(index: string): string {
  return readdirSync(index)
    .filter((name) => name === 'index.json' || /^vectors-[0-9a-f]{16}\.safetensors$/.test(name))
    .sort()
    .map((name) => `${name} ${readFileSync(join(index, name)).toString('base64')}`)
    .join('\n');
}

/** Videos that are kept while the index is made. */
function pending(): readonly string[] {
  const kept = join(at, 'pending');
  return existsSync(kept) ? readdirSync(kept).filter((name) => name.endsWith('.json')) : [];
}

function straight(index: string): string {
  const { stdout, status, stderr } = spawnSync(process.execPath, line(index), { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

const begun = performance.now();
straight(join(folder, 'expected'));
const long = performance.now() - begun;
const expected = held(join(folder, 'expected'));
const faults: string[] = [];
let [ended, during, finished] = [0, 0, 0];
let last: readonly string[] = [];
while (ended < kills) {
  const child = spawn(process.execPath, line(at), { stdio: 'ignore' });
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await Promise.race([setTimeout(Math.random() * long), gone]);
  child.kill('SIGKILL');
  const code = await gone;
  const now = pending();
  const isWhole = existsSync(join(at, 'index.json'));
  if (!isWhole) {
    for (const name of last) if (!now.includes(name)) faults.push(`kill ${ended}: ${name} is lost`);
  }
  if (isWhole && held(at) !== expected) faults.push(`kill ${ended}: another index`);
  if (now.length > last.length) during += 1;
  last = now;
  if (code === null) ended += 1;
  if (!isWhole && ended < kills && ended % 10 !== 9) continue;
  const said = straight(at);
  const known = Number(/, (\d+) known/.exec(said)?.[1]);
  if (known < now.length) faults.push(`kill ${ended}: ${now.length} kept, ${known} known`);
  if (held(at) !== expected) faults.push(`kill ${ended}: another index`);
  finished += 1;
  process.stdout.write(`${ended} kills, ${finished} indices ended, ${faults.length} faults\n`);
  rmSync(at, { recursive: true });
  last = [];
}
rmSync(folder, { recursive: true });
for (const fault of faults.slice(0, 20)) console.log(fault);
const seconds = ((performance.now() - begun) / 1000).toFixed(0);
console.log(
  `${ended} kills, ${during} of them after a video was kept anew; ${finished} indices ended as one that nobody killed; ${faults.length} faults, ${seconds} s.`,
);
if (faults.length > 0) process.exitCode = 1;

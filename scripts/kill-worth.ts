/**
 * Kills `lacuna finetune`, `probe`, `embed` and `sweep` at random moments, and holds what is on the disk to commands that
 * nobody killed: a file of vectors is there whole or not at all, and ends with the same bytes; a run or a probe goes on, or begins
 * again, and ends with the same result and the same bytes of its last checkpoint; a sweep ends with the same table.
 *
 *     npm run build && npx tsx scripts/kill-worth.ts RUN LIST [kills] [names]      50 kills of each
 *
 * RUN is a pretraining run, the smaller the better; LIST has labels. `names` are some of them, with commas.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const [run = '', list = '', count = '50', names = 'finetune,probe,embed,sweep'] =
  process.argv.slice(2);
if (run === '' || list === '') {
  console.error('npx tsx scripts/kill-worth.ts RUN LIST [kills] [names]');
  process.exit(2);
}
const kills = Number(count);
const main = join(import.meta.dirname, '..', 'dist', 'cli', 'main.js');
const folder = mkdtempSync(join(tmpdir(), 'lacuna-kill-worth-'));

/** A command, what continues it, and what it leaves. */
interface Victim {
  readonly name: string;
  /** @param at Where it writes. */
  begin(at: string): readonly string[];
  /** What it is called with after a kill. */
  resume(at: string): readonly string[];
  /** Everything that must be equal at the end; undefined where it has not ended. */
  left(at: string): string | undefined;
}

const embed: Victim = {
  name: 'embed',
  begin: (at) => [
    ...['embed', run, '--data', list, '--vector', 'tokens', '--output', `${at}.npz`],
    ...['--cache', `${at}-cache`],
  ],
  resume: (at) => embed.begin(at),
  left: (at) => {
    const [file, names] = [`${at}.npz`, `${at}.npz.json`];
    if (!existsSync(file) || !existsSync(names)) return undefined;
    const manifest = JSON.parse(readFileSync(names, 'utf8')) as { file: { name: string } };
    manifest.file.name = '';
    return `${readFileSync(file).toString('base64')} ${JSON.stringify(manifest)}`;
  },
};

const probe: Victim = {
  name: 'probe',
  begin: (at) => [
    ...['probe', run, '--data', list, '--output', at, '--cache', `${at}-cache`],
    ...['--learning-rate', '0.02,0.2', '--decay', '0,0.01', '--steps', '400'],
  ],
  resume: (at) =>
    existsSync(join(at, 'manifest.json')) ? ['probe', '--resume', at] : probe.begin(at),
  left: (at) => {
    if (!existsSync(join(at, 'result.json'))) return undefined;
    return [
      readFileSync(join(at, 'result.json'), 'utf8'),
      readFileSync(join(at, 'evaluations.jsonl'), 'utf8'),
      ...lastCheckpoint(at),
    ].join('\n');
  },
};

const finetune: Victim = {
  name: 'finetune',
  begin: (at) => [
    ...['finetune', '--data', list, '--test', list, '--init', run, '--recipe', 'plain'],
    ...['--output', at, '--batch', '4', '--steps', '24', '--evaluate-every', '8'],
    ...['--set', 'checkpoints.everySteps=4', '--set', 'checkpoints.keep=2'],
  ],
  resume: (at) =>
    existsSync(join(at, 'manifest.json')) ? ['finetune', '--resume', at] : finetune.begin(at),
  left: (at) => {
    if (!existsSync(join(at, 'classification.json'))) return undefined;
    return [
      readFileSync(join(at, 'classification.json'), 'utf8'),
      readFileSync(join(at, 'evaluations.jsonl'), 'utf8'),
      ...lastCheckpoint(at),
    ].join('\n');
  },
};

const sweep: Victim = {
  name: 'sweep',
  begin: (at) => {
    const file = join(folder, 'sweep.json');
    const lists = { data: list, test: list };
    const small = {
      title: 'kills',
      pretrain: {
        preset: 'tiny-mae',
        objective: 'mae',
        data: { list },
        schedule: { steps: 6 },
        checkpoints: { everySteps: 2, keep: 1 },
      },
      finetune: { ...lists, recipe: 'plain', steps: 6, set: { batch: 4 } },
      probe: { ...lists, head: 'knn' },
      seeds: [0],
      rows: [
        { name: 'from scratch', scratch: true },
        { name: 'tube', set: { 'mask.ratio': 0.75 } },
      ],
    };
    writeFileSync(file, JSON.stringify(small));
    return ['sweep', file, '--output', at];
  },
  resume: (at) => sweep.begin(at),
  left: (at) => {
    const files = ['table.json', 'from-scratch-0/scores.json', 'tube-0/scores.json'];
    if (!existsSync(join(at, 'tube-0/probe/result.json'))) return undefined;
    return [
      ...files.map((name) => readFileSync(join(at, name), 'utf8')),
      ...lastCheckpoint(join(at, 'tube-0/finetune')),
    ].join('\n');
  },
};

/** The bytes of the files of a run's newest checkpoint. */
function lastCheckpoint(at: string): readonly string[] {
  const checkpoints = join(at, 'checkpoints');
  const last = readdirSync(checkpoints).sort().at(-1) ?? '';
  const files = readdirSync(join(checkpoints, last)).sort();
  return files.map((name) => readFileSync(join(checkpoints, last, name)).toString('base64'));
}

function straight(words: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

function clear(at: string): void {
  for (const name of readdirSync(folder)) {
    if (join(folder, name).startsWith(at)) rmSync(join(folder, name), { recursive: true });
  }
}

async function killed(victim: Victim): Promise<readonly string[]> {
  const begun = performance.now();
  const faults: string[] = [];
  straight(victim.begin(join(folder, 'expected')));
  const long = performance.now() - begun;
  const expected = victim.left(join(folder, 'expected'));
  const at = join(folder, 'killed');
  let [ended, finished, begunAgain] = [0, 0, 0];
  while (ended < kills) {
    const words = victim.resume(at);
    if (words.includes('--data')) begunAgain += 1;
    const child = spawn(process.execPath, [main, ...words], { stdio: 'ignore' });
    const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
    await Promise.race([setTimeout(Math.random() * long), gone]);
    child.kill('SIGKILL');
    const code = await gone;
    if (code === null) ended += 1;
    else if (code !== 0) faults.push(`kill ${ended}: a command that went on ended with ${code}`);
    const isDue = code === 0 || ended % 5 === 4 || ended >= kills;
    if (!isDue) continue;
    if (code !== 0) straight(victim.resume(at));
    if (victim.left(at) !== expected) faults.push(`kill ${ended}: it ended otherwise`);
    finished += 1;
    process.stdout.write(
      `${victim.name}: ${ended} kills, ${finished} ended, ${faults.length} faults\n`,
    );
    clear(at);
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  console.log(
    `${victim.name}: ${ended} kills; ${begunAgain} beginnings; ${finished} ended as one that nobody killed but for ${faults.length} faults; ${seconds} s.`,
  );
  clear(join(folder, 'expected'));
  return faults;
}

const faults: string[] = [];
for (const victim of [finetune, probe, embed, sweep])
  if (names.split(',').includes(victim.name)) faults.push(...(await killed(victim)));
rmSync(folder, { recursive: true });
for (const fault of faults.slice(0, 20)) console.log(fault);
if (faults.length > 0) process.exitCode = 1;

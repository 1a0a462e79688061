/**
 * Walks docs/tutorial.md, every block of it, in a fresh clone of the last commit, on ten real clips:
 * `npx tsx scripts/tutorial.ts FOLDER [PYTHON]`. FOLDER has the clips of `CLIPS`; PYTHON has torch and transformers,
 * without it the last block is told as not run.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { blocksOf } from './tutorial/blocks.js';

/** What a person would write beside each clip. Their own names are not used: they tell what is seen, too. */
const CLIPS = [
  ['dog_on_leash.mp4', 'a dog on a leash', 'somebody walks a dog'],
  ['stream_of_water.mp4', 'a stream of water', 'water flows over stones'],
  ['potted_plant.mp4', 'a potted plant', 'green leaves in a pot'],
  ['man_in_car_carphone.mp4', 'a man in a car', 'a man talks while he sits in a car'],
  ['lego_robot_arm.mp4', 'a robot arm', 'a machine of toy bricks moves its arm'],
  ['film_office_hat.mp4', 'a man with a hat', 'an old film of an office'],
  ['crystal_lotus.webm', 'a crystal lotus', 'a flower of glass turns'],
  ['flying_birds_mpeg4.avi', 'birds in flight', 'birds cross the sky'],
  ['airplane_pass.mp4', 'an airplane passes', 'an airplane low over the ground'],
  ['bear_in_cage_odd_161x121.webm', 'a bear in a cage', 'a bear walks behind bars'],
] as const;

const ROOT = resolve(import.meta.dirname, '..');
const [data = '', python] = process.argv.slice(2);
const clone = join(mkdtempSync(join(tmpdir(), 'lacuna-tutorial-')), 'lacuna');

/** What a block printed; the walk ends where it fails. */
function run(program: string, args: readonly string[], cwd: string = clone): string {
  const { status, stdout } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 26,
  });
  process.stdout.write(stdout);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}`);
  return stdout;
}

/** A block of shell, with what the first one defines. */
const shell = (text: string): readonly string[] => [
  '-euo',
  'pipefail',
  '-c',
  `lacuna() { npm run --silent lacuna -- "$@"; }\n${text}`,
];

/** A block that serves a page: the page and what it asks for are there, and Ctrl-C ends it. */
async function look(text: string): Promise<void> {
  const child = spawn(
    'bash',
    shell(`exec ${text.replace(/^lacuna /, 'node scripts/lacuna.mjs ')}`),
    {
      cwd: clone,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = once(child, 'close');
  let said = '';
  for await (const piece of child.stdout) {
    said += String(piece);
    const [url] = /http:\S+/.exec(said) ?? [];
    if (url === undefined) continue;
    const page = await (await fetch(url)).text();
    const seen = (await (await fetch(new URL('run.json', url))).json()) as {
      readonly step: number;
    };
    expect(page.includes('<h2>Curves</h2>') && seen.step > 0, `${url} shows the run`);
    child.kill('SIGINT');
    break;
  }
  child.stdout.resume();
  await ended;
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`this does not hold: ${what}`);
  console.log(`holds: ${what}`);
}

async function walk(): Promise<void> {
  run('git', ['clone', '--quiet', ROOT, clone], ROOT);
  const videos = join(clone, 'videos');
  mkdirSync(videos);
  for (const [index, [name, ...captions]] of CLIPS.entries()) {
    const own = `clip${String(index + 1).padStart(2, '0')}`;
    copyFileSync(join(data, name), join(videos, `${own}${extname(name)}`));
    writeFileSync(join(videos, `${own}.txt`), captions.map((each) => `${each}\n`).join(''));
  }
  let found = '';
  let loaded = '';
  for (const { language, text } of blocksOf(
    readFileSync(join(clone, 'docs/tutorial.md'), 'utf8'),
  )) {
    const begin = performance.now();
    console.log(`\n${text.trim()}`);
    if (language === 'python') {
      if (python === undefined) console.log('NOT RUN: no Python is named');
      else {
        writeFileSync(join(clone, 'load.py'), text);
        loaded = run(python, ['load.py']);
      }
    } else if (text.startsWith('lacuna watch')) await look(text);
    else if (language === 'sh') found += run('bash', shell(text));
    console.log(`${((performance.now() - begin) / 1000).toFixed(1)} s`);
  }
  const first = /^ *-?\d\.\d{4} +(.*)$/m.exec(found)?.[1] ?? '';
  expect(first.startsWith('clip01.mp4'), `"a dog on a leash" finds its clip first: ${first}`);
  if (python !== undefined) expect(/\[1, \d+, \d+\]/.test(loaded), `transformers load the export`);
}

const begin = performance.now();
try {
  await walk();
  console.log(`\nThe tutorial took ${((performance.now() - begin) / 60_000).toFixed(1)} minutes.`);
} finally {
  rmSync(resolve(clone, '..'), { recursive: true, force: true });
}

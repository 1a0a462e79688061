import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { encode } from 'fast-png';
import { makeDemoData } from '../../data/index.js';
import { lastGoodCheckpoint } from '../../run/checkpoint.js';
import { readMetrics } from '../../run/run-folder.js';

const COMMAND = resolve('dist/cli/main.js');
const STEPS = 150;
/** Of each of two stages. */
const STAGE_STEPS = 40;
/** A process is killed after at most so long, or as long as the run that is compared with took: it has begun, trained and saved by then. */
const LONGEST_MS = 2500;
/** A checkpoint of this run takes a few ms to write. */
const INSIDE_MS = 6;

export interface Kills {
  readonly kills: number;
  /** Kills that left a checkpoint half-written. */
  readonly inside: number;
  /** Kills before the run had its manifest: it is begun again. */
  readonly beforeManifest: number;
  readonly ended: number;
  /** Kills by the stage of the newest checkpoint that they left; one number where the run has no stages. */
  readonly byStage: readonly number[];
  /** A sentence for each kill after which something was lost, or differs. */
  readonly faults: readonly string[];
}

/**
 * Kills runs `kills` times, until at least `inside` of them were inside a checkpoint.
 *
 * @param stages Whether the runs have two stages: still pictures beside videos, one frame each, then four
 * frames of videos.
 */
export async function killRuns(kills: number, inside: number, stages = false): Promise<Kills> {
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-kills-'));
  try {
    const { trainList } = await makeDemoData(join(folder, 'data'), { trainClips: 8, testClips: 2 });
    const straight = join(folder, 'straight');
    const own = stages
      ? ['--config', stagedConfig(folder)]
      : ['--preset', 'tiny-mae', '--objective', 'mae', '--batch', '2', '--steps', `${STEPS}`];
    const begin = (output: string, keep: number): string[] => [
      ...['pretrain', '--data', trainList, '--output', output, ...own, '--threads', '1'],
      ...['--set', 'checkpoints.everySteps=1', '--set', `checkpoints.keep=${keep}`],
    ];
    const before = performance.now();
    const { code, output } = await finished(start(begin(straight, 1000)));
    if (code !== 0) throw new Error(`the run that is compared with failed: ${output}`);
    const longest = Math.max(LONGEST_MS, stages ? performance.now() - before : 0);
    const ends = stages ? [STAGE_STEPS, 2 * STAGE_STEPS] : [STEPS];
    const subject = { run: join(folder, 'run'), straight, begin, longest, ends };
    return await new Killer(subject, inside).run(kills);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The configuration of a run of two stages, with the pictures of its first. */
function stagedConfig(folder: string): string {
  const pictures = join(folder, 'pictures');
  mkdirSync(pictures);
  const lines = Array.from({ length: 6 }, (_, i) => {
    const data = Uint8Array.from({ length: 32 * 32 * 3 }, (_, at) => (at * (i + 3)) % 251);
    writeFileSync(join(pictures, `${i}.png`), encode({ width: 32, height: 32, channels: 3, data }));
    return JSON.stringify({ image: `${i}.png`, captions: [`picture ${i}`] });
  });
  writeFileSync(join(pictures, 'list.jsonl'), lines.join('\n'));
  const config = {
    preset: 'tiny-mac',
    batch: 2,
    data: { others: [{ list: join(pictures, 'list.jsonl') }] },
    schedule: { steps: STAGE_STEPS },
    stages: [
      { name: 'pictures', clip: { frames: 1 } },
      { name: 'videos', clip: { frames: 4 }, data: { others: [] } },
    ],
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  return join(folder, 'config.json');
}

/** What is killed, and what it is held to. */
interface KilledRun {
  readonly run: string;
  readonly straight: string;
  readonly begin: (output: string, keep: number) => string[];
  /** Milliseconds after which a process is killed, at most. */
  readonly longest: number;
  /** The last step of each stage. */
  readonly ends: readonly number[];
}

class Killer {
  readonly #run: string;
  readonly #straight: string;
  readonly #begin: KilledRun['begin'];
  readonly #longest: number;
  readonly #ends: readonly number[];
  readonly #wanted: number;
  readonly #faults: string[] = [];
  readonly #byStage: number[];
  readonly #counts = { kills: 0, inside: 0, beforeManifest: 0, ended: 0 };
  /** The step of the newest checkpoint that the run has told of. */
  #saved = 0;

  constructor({ run, straight, begin, longest, ends }: KilledRun, inside: number) {
    this.#run = run;
    this.#straight = straight;
    this.#begin = begin;
    this.#longest = longest;
    this.#ends = ends;
    this.#byStage = ends.map(() => 0);
    this.#wanted = inside;
  }

  async run(kills: number): Promise<Kills> {
    while (this.#counts.kills < kills || this.#counts.inside < this.#wanted) {
      const left = new Set(this.#partials());
      const goesOn = existsSync(join(this.#run, 'manifest.json'));
      const child = start(goesOn ? ['pretrain', '--resume', this.#run] : this.#begin(this.#run, 2));
      const ending = finished(child);
      // Most of these are killed a moment too late or too early: more are tried than are wanted.
      const aims = this.#counts.inside < this.#wanted && this.#counts.kills % 4 !== 0;
      await (aims ? this.#killInside(child, ending, left) : this.#killAtRandom(child, ending));
      await this.#look(await ending, left);
    }
    return { ...this.#counts, byStage: this.#byStage, faults: this.#faults };
  }

  async #killAtRandom(child: ChildProcess, ending: Promise<unknown>): Promise<void> {
    await Promise.race([pause(Math.random() * this.#longest), ending]);
    child.kill('SIGKILL');
  }

  async #killInside(
    child: ChildProcess,
    ending: Promise<unknown>,
    before: ReadonlySet<string>,
  ): Promise<void> {
    let isOver = false;
    void ending.then(() => {
      isOver = true;
    });
    // What an earlier kill left is removed when the first checkpoint is written.
    const left = new Set(before);
    const saves = 1 + Math.floor(Math.random() * 4);
    for (let seen = 0; seen < saves && !isOver; ) {
      const partials = this.#partials();
      if (partials.some((name) => !left.has(name))) {
        seen++;
        if (seen < saves) for (const name of partials) left.add(name);
      } else await pause(1);
    }
    const end = performance.now() + Math.random() * INSIDE_MS;
    while (performance.now() < end);
    child.kill('SIGKILL');
  }

  /** Half-written checkpoints, each by what tells it from others of its name. */
  #partials(): readonly string[] {
    const folder = join(this.#run, 'checkpoints');
    try {
      const names = readdirSync(folder).filter((name) => name.startsWith('.partial-step'));
      return names.map((name) => `${name} ${statSync(join(folder, name)).ino}`);
    } catch {
      return [];
    }
  }

  /** @param left What was half-written before this process began. */
  async #look({ code, signal, output }: Ending, left: ReadonlySet<string>): Promise<void> {
    for (const [, step] of output.matchAll(/^checkpoint .*step-(\d+)$/gm)) {
      this.#saved = Math.max(this.#saved, Number(step));
    }
    if (signal === 'SIGKILL') {
      this.#counts.kills++;
      if (this.#partials().some((name) => !left.has(name))) this.#counts.inside++;
      if (!existsSync(join(this.#run, 'manifest.json'))) this.#counts.beforeManifest++;
    } else if (code !== 0) this.#faults.push(`it cannot go on: ${output}`);
    const newest = await lastGoodCheckpoint(join(this.#run, 'checkpoints'));
    const step = newest?.step ?? 0;
    if (signal === 'SIGKILL') {
      const stage = Math.max(
        0,
        this.#ends.findIndex((end) => step <= end),
      );
      this.#byStage[stage] = (this.#byStage[stage] ?? 0) + 1;
    }
    if (step < this.#saved) this.#faults.push(`step ${this.#saved} was saved, ${step} is there`);
    if (newest !== undefined && indexOf(newest.path) !== this.#index(step)) {
      this.#faults.push(`the checkpoint of step ${step} differs`);
    }
    if (code !== 0) return;
    this.#counts.ended++;
    if ((await metricsOf(this.#run)) !== (await metricsOf(this.#straight))) {
      this.#faults.push('the metrics of a run that ended differ');
    }
    rmSync(this.#run, { recursive: true });
    this.#saved = 0;
  }

  #index(step: number): string {
    return indexOf(join(this.#straight, 'checkpoints', `step-${String(step).padStart(8, '0')}`));
  }
}

/** The sizes and digests of a checkpoint's files, which were compared with the files themselves. */
function indexOf(path: string): string {
  return readFileSync(join(path, 'index.json'), 'utf8');
}

async function metricsOf(run: string): Promise<string> {
  const lines = await readMetrics(run);
  return JSON.stringify(lines.map(({ step, epoch, metrics }) => ({ step, epoch, metrics })));
}

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

function finished(child: ChildProcess): Promise<Ending> {
  let output = '';
  child.stdout?.on('data', (piece) => {
    output += String(piece);
  });
  child.stderr?.on('data', (piece) => {
    output += String(piece);
  });
  return new Promise((done) => {
    child.on('close', (code, signal) => done({ code, signal, output }));
  });
}

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeDemoData } from '../../data/index.js';
import { lastGoodCheckpoint } from '../../run/checkpoint.js';
import { readMetrics } from '../../run/run-folder.js';

const COMMAND = resolve('dist/cli/main.js');
const STEPS = 150;
/** A process is killed after at most so long: it has begun, trained and saved by then. */
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
  /** A sentence for each kill after which something was lost, or differs. */
  readonly faults: readonly string[];
}

/** Kills runs `kills` times, until at least `inside` of them were inside a checkpoint. */
export async function killRuns(kills: number, inside: number): Promise<Kills> {
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-kills-'));
  try {
    const { trainList } = await makeDemoData(join(folder, 'data'), { trainClips: 8, testClips: 2 });
    const straight = join(folder, 'straight');
    const begin = (output: string, keep: number): string[] => [
      ...['pretrain', '--data', trainList, '--output', output, '--preset', 'tiny-mae'],
      ...['--objective', 'mae', '--batch', '2', '--steps', `${STEPS}`, '--threads', '1'],
      ...['--set', 'checkpoints.everySteps=1', '--set', `checkpoints.keep=${keep}`],
    ];
    const { code, output } = await finished(start(begin(straight, 1000)));
    if (code !== 0) throw new Error(`the run that is compared with failed: ${output}`);
    return await new Killer(join(folder, 'run'), straight, begin, inside).run(kills);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Killer {
  readonly #run: string;
  readonly #straight: string;
  readonly #begin: (output: string, keep: number) => string[];
  readonly #wanted: number;
  readonly #faults: string[] = [];
  readonly #counts = { kills: 0, inside: 0, beforeManifest: 0, ended: 0 };
  /** The step of the newest checkpoint that the run has told of. */
  #saved = 0;

  constructor(
    run: string,
    straight: string,
    begin: (output: string, keep: number) => string[],
    inside: number,
  ) {
    this.#run = run;
    this.#straight = straight;
    this.#begin = begin;
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
    return { ...this.#counts, faults: this.#faults };
  }

  async #killAtRandom(child: ChildProcess, ending: Promise<unknown>): Promise<void> {
    await Promise.race([pause(Math.random() * LONGEST_MS), ending]);
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

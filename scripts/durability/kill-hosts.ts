import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeDemoData } from '../../data/index.js';
import { lastGoodCheckpoint } from '../../run/checkpoint.js';
import { readMetrics, readSamples } from '../../run/run-folder.js';

const COMMAND = resolve('dist/cli/main.js');
const STEPS = 30;
/** It divides by 1, 2, 3 and 4. */
const BATCH = 12;
/** Of the processes that are left, the last one has ended within so long, or it hangs. */
const LIMIT_MS = 20_000;
/** By then a run has begun, or trains. */
const BEGIN_MS = 20_000;
const FIRST_PORT = 21_000;

export interface HostKills {
  readonly kills: number;
  /** By what was done to whom: `SIGKILL of the Node of process 0`. */
  readonly byKind: Readonly<Record<string, number>>;
  /** Kills while a checkpoint was half-written, and before the first step. */
  readonly inside: number;
  readonly beforeSteps: number;
  /** Goings-on by the number of processes. */
  readonly resumedOn: Readonly<Record<number, number>>;
  readonly ended: number;
  readonly lost: number;
  readonly repeated: number;
  /** Processes that were killed before all had come: the others wait for them, as for processes that start late. */
  readonly early: number;
  readonly hangs: number;
  /** Seconds from a kill until the last of the other processes had ended: the longest, and the median. */
  readonly longest: number;
  readonly median: number;
  /** The largest relative difference of a loss from that of the run that nobody killed. */
  readonly apart: number;
  readonly faults: readonly string[];
}

/**
 * Kills processes of runs of two until there were so many kills, each run going on, half of the time on another number of them.
 *
 * @param seconds After which no further process is started.
 */
export async function killHosts(
  kills: number,
  seconds: number,
  tell: (line: string) => void,
): Promise<HostKills> {
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-host-kills-'));
  try {
    const { trainList } = await makeDemoData(join(folder, 'data'), {
      trainClips: 40,
      testClips: 2,
    });
    const { video } = JSON.parse(readFileSync(trainList, 'utf8').split('\n')[3] ?? '');
    // One that nobody can read: another stands in for it, and both are told of.
    writeFileSync(join(folder, 'data', video), 'no video');
    // Programs of XLA are the same each time.
    process.env.JAX_COMPILATION_CACHE_DIR ??= join(folder, 'programs');
    process.env.JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS = '0';
    process.env.JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES = '-1';
    return await new HostKiller(folder, trainList, tell).run(
      kills,
      performance.now() + 1000 * seconds,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One of the processes of a run. */
interface Host {
  readonly child: ChildProcess;
  readonly ending: Promise<number | null>;
  readonly said: () => string;
}

class HostKiller {
  readonly #run: string;
  readonly #straight: string;
  readonly #list: string;
  readonly #tell: (line: string) => void;
  #port = FIRST_PORT + (process.pid % 20_000);
  #expected: ReadonlyMap<number, readonly string[]> = new Map();
  #losses: readonly number[] = [];
  readonly #byKind: Record<string, number> = {};
  readonly #resumedOn: Record<number, number> = {};
  readonly #seconds: number[] = [];
  readonly #faults: string[] = [];
  readonly #counts = {
    ...{ kills: 0, inside: 0, beforeSteps: 0, ended: 0 },
    ...{ lost: 0, repeated: 0, early: 0, hangs: 0, apart: 0 },
  };

  constructor(folder: string, list: string, tell: (line: string) => void) {
    this.#run = join(folder, 'run');
    this.#straight = join(folder, 'straight');
    this.#list = list;
    this.#tell = tell;
  }

  async run(kills: number, until: number): Promise<HostKills> {
    const [straight] = this.#start(1, this.#straight, false);
    if ((await straight?.ending) !== 0) throw new Error(`no run: ${straight?.said()}`);
    this.#expected = await readSamples(this.#straight);
    this.#losses = (await readMetrics(this.#straight)).map(({ metrics }) => metrics.loss ?? 0);
    while (this.#counts.kills < kills && performance.now() < until) await this.#once();
    await this.#finish();
    const sorted = [...this.#seconds].sort((a, b) => a - b);
    return {
      ...this.#counts,
      byKind: this.#byKind,
      resumedOn: this.#resumedOn,
      longest: sorted.at(-1) ?? 0,
      median: sorted[Math.floor(sorted.length / 2)] ?? 0,
      faults: this.#faults,
    };
  }

  /** Lets the last run go on to its end. */
  async #finish(): Promise<void> {
    if (!existsSync(join(this.#run, 'manifest.json'))) return;
    const hosts = this.#start(2, this.#run, true);
    await this.#awaitEnd(hosts, [], 0, undefined);
    await this.#look(hosts, 2, undefined);
  }

  async #once(): Promise<void> {
    const goesOn = existsSync(join(this.#run, 'manifest.json'));
    // Half of the time on another number of processes.
    const count = goesOn && Math.random() < 0.5 ? ([1, 3, 4][pick(3)] ?? 1) : 2;
    if (goesOn) this.#resumedOn[count] = (this.#resumedOn[count] ?? 0) + 1;
    const hosts = this.#start(count, this.#run, goesOn);
    let isOver = false;
    const ended = Promise.all(hosts.map(({ ending }) => ending)).then(() => {
      isOver = true;
    });
    await Promise.race([this.#moment(hosts, () => isOver), ended]);
    const pythons = hosts.flatMap(({ child }) => childrenOf(child.pid ?? 0));
    const victim = pick(count);
    const hasAll = connections(this.#port - 1) >= count - 1;
    const kind = this.#hit(hosts, victim);
    if (kind !== undefined && !hasAll) {
      // Nobody can tell it from a process that starts late: whoever started them ends them.
      this.#counts.early++;
      for (const { child } of hosts) child.kill('SIGKILL');
      await Promise.all(hosts.map(({ ending }) => ending));
      for (const each of pythons) if (isAlive(each)) process.kill(each, 'SIGKILL');
      this.#tell(`${this.#counts.kills}: ${count} processes, ${kind}, before all had come`);
      return;
    }
    if (kind !== undefined) {
      this.#counts.kills++;
      this.#byKind[kind] = (this.#byKind[kind] ?? 0) + 1;
      if (this.#isWriting()) this.#counts.inside++;
      if ((await readMetrics(this.#run).catch(() => [])).length === 0) this.#counts.beforeSteps++;
    }
    await this.#awaitEnd(hosts, pythons, victim, kind);
    await this.#look(hosts, count, kind);
  }

  #start(count: number, run: string, goesOn: boolean): readonly Host[] {
    const port = this.#port++;
    const own = goesOn
      ? ['--resume', run]
      : [
          ...['--data', this.#list, '--output', run, '--preset', 'tiny-mae', '--batch', `${BATCH}`],
          ...['--steps', `${STEPS}`, '--ledger', '--workers', '1'],
          ...['--set', 'checkpoints.everySteps=2', '--set', 'checkpoints.keep=2'],
        ];
    const args = ['pretrain', ...own, '--backend', 'xla', '--threads', '1'];
    const shared = ['--coordinator', `127.0.0.1:${port}`, '--processes', `${count}`];
    return Array.from({ length: count }, (_, each): Host => {
      const words = [COMMAND, ...args, ...(count > 1 ? [...shared, '--process', `${each}`] : [])];
      const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      const hear = (piece: unknown): void => {
        said += String(piece);
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      const ending = new Promise<number | null>((done) => child.on('close', done));
      return { child, ending, said: () => said };
    });
  }

  /** Kills, or stops, one process; undefined where it has ended already. */
  #hit(hosts: readonly Host[], victim: number): string | undefined {
    const { pid } = hosts[victim]?.child ?? {};
    if (pid === undefined || hosts.some(({ child }) => child.exitCode !== null)) return undefined;
    const python = childrenOf(pid)[0];
    // Before it trains a process may be silent for longer.
    const trains = hosts[0]?.said().includes('\ncheckpoint ') === true;
    const which = victim === 0 ? 'process 0' : 'another process';
    // A process that is stopped is one whose machine cannot be reached.
    const [signal, target, what] =
      python !== undefined && Math.random() < 0.4
        ? (['SIGKILL', python, 'Python'] as const)
        : Math.random() < 0.15 && hosts.length > 1 && trains
          ? (['SIGSTOP', pid, 'Node'] as const)
          : (['SIGKILL', pid, 'Node'] as const);
    try {
      process.kill(target, signal);
    } catch {
      return undefined;
    }
    return `${signal} of the ${what} of ${which}`;
  }

  async #awaitEnd(
    hosts: readonly Host[],
    pythons: readonly number[],
    victim: number,
    kind: string | undefined,
  ): Promise<void> {
    const pids = hosts.flatMap(({ child }) => child.pid ?? []);
    const isStopped = kind?.startsWith('SIGSTOP') === true;
    const others = hosts.filter((_, each) => !(isStopped && each === victim));
    const before = performance.now();
    const ended = Promise.all(others.map(({ ending }) => ending)).then(() => true);
    // A run that nobody was killed of goes on to its end.
    const limit = kind === undefined ? 600_000 : LIMIT_MS;
    const isOver = await Promise.race([ended, pause(limit, false, { ref: false })]);
    const seconds = (performance.now() - before) / 1000;
    if (kind !== undefined) this.#seconds.push(seconds);
    if (isStopped) process.kill(hosts[victim]?.child.pid ?? 0, 'SIGKILL');
    await pause(1500);
    const left = pythons.filter(isAlive);
    if (!isOver || left.length > 0) {
      this.#counts.hangs++;
      this.#faults.push(
        `${kind}: ${isOver ? `${left.length} processes of Python are left` : 'it hangs'} after ${seconds.toFixed(1)} s: ${others.map(({ said }) => said()).join(' | ')}`,
      );
      for (const each of [...pids, ...left]) if (isAlive(each)) process.kill(each, 'SIGKILL');
    }
    await Promise.all(hosts.map(({ ending }) => ending));
  }

  async #look(hosts: readonly Host[], count: number, kind: string | undefined): Promise<void> {
    const codes = hosts.map(({ child }) => child.exitCode ?? child.signalCode);
    const has = codes.every((code) => code === 0);
    this.#tell(
      `${this.#counts.kills}: ${count} processes, ${kind ?? 'nobody killed'}, ${this.#seconds.at(-1)?.toFixed(1)} s, codes ${codes.join(' ')}`,
    );
    if (kind !== undefined) {
      for (const { child, said } of hosts) {
        if (child.signalCode !== null) continue;
        const errors = said().split('\nerror: ').length - 1 + Number(said().startsWith('error: '));
        // A process that is killed while the run ends takes nobody along.
        const isDone = child.exitCode === 0 && hosts[0]?.said().includes('\nDone: ') === true;
        if (!isDone && errors !== 1)
          this.#faults.push(`${kind}: one of ${count} does not say one sentence: ${said()}`);
      }
    } else if (!has)
      this.#faults.push(`it cannot go on: ${hosts.map(({ said }) => said()).join()}`);
    const newest = await lastGoodCheckpoint(join(this.#run, 'checkpoints'), (damage) =>
      this.#faults.push(damage),
    );
    const saved = Math.max(
      0,
      ...hosts.flatMap(({ said }) =>
        [...said().matchAll(/^checkpoint .*step-(\d+)$/gm)].map(([, step]) => Number(step)),
      ),
    );
    if ((newest?.step ?? 0) < saved)
      this.#faults.push(`step ${saved} was saved, ${newest?.step} is there`);
    if (has) await this.#compare();
  }

  /** What a run that has ended learned from, and what came of it, beside the one that nobody killed. */
  async #compare(): Promise<void> {
    this.#counts.ended++;
    const found = await readSamples(this.#run);
    for (const [step, ids] of this.#expected) {
      const own = [...(found.get(step) ?? [])];
      const lost = ids.filter((id) => !own.includes(id)).length;
      this.#counts.lost += lost;
      this.#counts.repeated += own.length - (ids.length - lost);
      if (lost === 0 && own.join() !== ids.join()) this.#faults.push(`step ${step}: another order`);
    }
    if (found.size !== STEPS) this.#faults.push(`${found.size} steps in the ledger`);
    const metrics = await readMetrics(this.#run);
    if (metrics.map(({ step }) => step).join() !== this.#losses.map((_, i) => i + 1).join())
      this.#faults.push('a step is missing, or is there twice');
    metrics.forEach(({ metrics: { loss = 0 } }, i) => {
      const straight = this.#losses[i] ?? 0;
      this.#counts.apart = Math.max(this.#counts.apart, Math.abs(loss / straight - 1));
    });
    rmSync(this.#run, { recursive: true });
  }

  /** A quarter of the time inside a checkpoint, half of it some steps on, and otherwise at any time since the start. */
  async #moment([first]: readonly Host[], isOver: () => boolean): Promise<void> {
    const choice = Math.random();
    if (choice < 0.25) {
      while (!this.#isWriting() && !isOver()) await pause(1);
      return;
    }
    if (choice < 0.5) return pause(Math.random() * BEGIN_MS);
    const checkpoints = 1 + pick(5);
    const said = (): number => first?.said().match(/^checkpoint /gm)?.length ?? 0;
    while (said() < checkpoints && !isOver()) await pause(5);
    return pause(Math.random() * 300);
  }

  #isWriting(): boolean {
    try {
      const names = readdirSync(join(this.#run, 'checkpoints'));
      return names.some((name) => name.startsWith('.partial-step'));
    } catch {
      return false;
    }
  }
}

/** Connections to a port of this machine that stand, as whoever listens has them (proc_net(5)). */
function connections(port: number): number {
  const own = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = ['tcp', 'tcp6'].flatMap((name) => {
    return readFileSync(`/proc/net/${name}`, 'utf8').split('\n');
  });
  return lines.filter((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    return local.endsWith(own) && state === '01';
  }).length;
}

function pick(count: number): number {
  return Math.floor(Math.random() * count);
}

/** The processes of Python that a process has started (proc_tid_children(5)). */
function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter((each) => each !== '')
      .map(Number)
      .filter((each) => readFileSync(`/proc/${each}/cmdline`, 'utf8').includes('lacuna_xla'));
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

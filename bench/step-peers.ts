/**
 * Our training step on ONNX Runtime's CPU and PyTorch's of the same work, in turns: A B A B. Each runs in a
 * process of its own, which waits while the other's step runs; what else the machine does falls on both.
 *
 *   npx tsx bench/step-peers.ts PYTHON [--sizes small,base,base60,mac,mac-full] [--threads 1] [--pairs 5]
 *     [--batch N] [--preload LIBRARY] [--profile]
 *
 * PYTHON has torch. What depends on no parameter (pixels, positions, targets) and the text are made outside the step
 * of both: `bench/peers/step.ts`, `bench/peers/step.py`. Two steps before the first that counts. Prints for each
 * size the medians of processor seconds and of the wall clock of each, the medians of the ratios pair by pair (ours over
 * PyTorch's: below 1 ours is faster), and the peak memory of each process. On a busy machine the wall clock says
 * little, and processor seconds of one thread say most. PyTorch is at its best with a malloc that keeps what is
 * freed: `--preload /usr/lib/x86_64-linux-gnu/libjemalloc.so.2`. `--profile` has both time their operations, which costs
 * each some of its time, and prints where it goes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { ourProfile, PARTS, theirProfile } from './peers/profiles.js';

/** A line of `bench/peers/steps.json`. */
export interface StepSize {
  readonly batch: number;
  /** Cubes along time, and along each side of a frame. */
  readonly slots: number;
  readonly grid: number;
  /** Pixels of a cube's side, and values of a cube. */
  readonly side: number;
  readonly patch: number;
  readonly visible: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Without one the step is MAC's: a class token, and the contrastive loss alone. */
  readonly decoder?: { readonly width: number; readonly depth: number; readonly heads: number };
}

interface Took {
  /** Seconds. */
  readonly wall: number;
  readonly cpu: number;
  readonly loss: number;
  /** Of the process so far, MiB. */
  readonly peak: number;
}

interface Engine {
  readonly name: string;
  readonly parameters: number;
  readonly step: () => Promise<Took>;
  readonly end: () => Promise<void>;
}

const { values, positionals } = parseArgs({
  options: {
    sizes: { type: 'string', default: 'small,base,base60,mac,mac-full' },
    threads: { type: 'string', default: '1' },
    pairs: { type: 'string', default: '5' },
    batch: { type: 'string' },
    preload: { type: 'string' },
    profile: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const [python] = positionals;
if (python === undefined) throw new Error('name the Python that has torch');
const WARM = 2;
const peers = join(import.meta.dirname, 'peers');
/** jemalloc's: what is freed is kept, in large pages. */
const KEEPS = 'dirty_decay_ms:-1,muzzy_decay_ms:-1,thp:always';

async function open(program: string, args: readonly string[], environment = {}): Promise<Engine> {
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  const ended = once(child, 'close');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${program} ${args.join(' ')} ended`);
    return JSON.parse(value) as unknown;
  };
  const { engine, parameters } = (await next()) as { engine: string; parameters: number };
  return {
    name: engine,
    parameters,
    step: async () => {
      child.stdin.write('step\n');
      return (await next()) as Took;
    },
    end: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const [low = Number.NaN, high = low] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  return (low + high) / 2;
}

async function measure(size: string): Promise<void> {
  const { threads, batch, pairs, preload } = values;
  const folder = values.profile ? mkdtempSync(join(tmpdir(), 'lacuna-profile-')) : undefined;
  const traces = folder === undefined ? [] : [join(folder, 'ours'), join(folder, 'theirs.json')];
  const [ourTrace, theirTrace] = traces;
  const ours = await open('npx', [
    'tsx',
    join(peers, 'step.ts'),
    size,
    threads,
    batch ?? '',
    ...(ourTrace === undefined ? [] : [ourTrace]),
  ]);
  const theirs = await open(
    python as string,
    [
      join(peers, 'step.py'),
      size,
      '--threads',
      threads,
      ...(batch === undefined ? [] : ['--batch', batch]),
      ...(theirTrace === undefined ? [] : ['--trace', theirTrace, '--warm', `${WARM}`]),
    ],
    preload === undefined ? {} : { LD_PRELOAD: preload, MALLOC_CONF: KEEPS },
  );
  const took: [Took, Took][] = [];
  for (let pair = -WARM; pair < Number(pairs); pair++) {
    const both: [Took, Took] = [await ours.step(), await theirs.step()];
    if (pair >= 0) took.push(both);
    const [a, b] = both.map(({ cpu, wall, loss, peak }) =>
      [
        `${cpu.toFixed(2)} s`,
        `${wall.toFixed(2)} s`,
        `loss ${loss.toFixed(4)}`,
        `${peak.toFixed(0)} MiB`,
      ].join(' '),
    );
    console.error(
      `${size} pair ${pair + WARM + 1} of ${Number(pairs) + WARM}: ours ${a}; PyTorch ${b}`,
    );
  }
  const of = (key: keyof Took, which: 0 | 1): number =>
    median(took.map((pair) => pair[which][key]));
  const ratio = (key: keyof Took): number => median(took.map(([a, b]) => a[key] / b[key]));
  const peak = (which: 0 | 1): number => Math.max(...took.map((pair) => pair[which].peak));
  const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));
  console.log(
    JSON.stringify({
      size,
      threads: Number(threads),
      pairs: took.length,
      cpuSeconds: [rounded(of('cpu', 0)), rounded(of('cpu', 1))],
      wallSeconds: [rounded(of('wall', 0)), rounded(of('wall', 1))],
      peakMebibytes: [rounded(peak(0), 0), rounded(peak(1), 0)],
      cpuRatio: rounded(ratio('cpu'), 3),
      wallRatio: rounded(ratio('wall'), 3),
      peakRatio: rounded(peak(0) / peak(1), 3),
      parameters: [ours.parameters, theirs.parameters],
      engines: [ours.name, theirs.name],
      processor: cpus()[0]?.model,
    }),
  );
  await ours.end();
  await theirs.end();
  if (folder === undefined || ourTrace === undefined || theirTrace === undefined) return;
  const a = ourProfile(ourTrace, WARM + Number(pairs), WARM);
  const b = theirProfile(theirTrace, Number(pairs));
  const cells = (seconds: number): string => (1e3 * seconds).toFixed(0).padStart(8);
  console.log(`${'ms a step'.padEnd(20)}    ours  PyTorch`);
  for (const part of PARTS) console.log(`${part.padEnd(20)}${cells(a[part])} ${cells(b[part])}`);
  rmSync(folder, { recursive: true });
}

for (const size of values.sizes.split(',')) await measure(size);

/**
 * Reading frames beside decord, PyAV and torchcodec, in one run and in turns: opening, dense and sparse
 * clips, random frames, from a short and a long file; each with one thread, RGB at full size.
 *
 *   LACUNA_PYTHON=PYTHON npx tsx bench/video-peers.ts [--rounds 3] SHORT LONG
 *
 * PYTHON has decord, av, torch and torchcodec. Prints the least processor seconds (and the least of the
 * wall clock) over the rounds: what a peer does in C counts as what we do in JavaScript. `opens` opens
 * a file many times and prints resident memory on the way: `--opens 100000 FILE`.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { type FrameRequest, type VideoBackend, videoBackend } from '../data/index.js';
import { RandomStream } from '../spec/index.js';

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    opens: { type: 'string' },
  },
  allowPositionals: true,
});

/** Wall and processor seconds. */
type Seconds = readonly [number, number];
interface Answer {
  readonly open: Seconds;
  readonly read: Seconds;
}
type Reader = (path: string, indices: readonly number[]) => Promise<Answer>;

function clock(): Seconds {
  const { user, system } = process.cpuUsage();
  return [performance.now() / 1e3, (user + system) / 1e6];
}

function between(a: Seconds, b: Seconds): Seconds {
  return [b[0] - a[0], b[1] - a[1]];
}

/** Ours with nothing known of the file, with its index on disk (where the user's cache is), or in memory. */
async function ours(index: 'none' | 'disk' | 'memory'): Promise<Reader> {
  const make = async (): Promise<VideoBackend> => {
    const { LACUNA_CACHE } = process.env;
    if (index === 'none') process.env.LACUNA_CACHE = '';
    const made = await videoBackend('node-av');
    if (LACUNA_CACHE === undefined) delete process.env.LACUNA_CACHE;
    else process.env.LACUNA_CACHE = LACUNA_CACHE;
    return made;
  };
  let backend = await make();
  return async (path, indices) => {
    if (index !== 'memory') backend = await make();
    const begin = clock();
    using reader = await backend.open(path);
    const opened = clock();
    const { width, height } = reader.info;
    const size = { width, height };
    const request: FrameRequest = { indices, crop: { x: 0, y: 0, ...size }, size, flip: false };
    if (indices.length > 0) await reader.read(request);
    return { open: between(begin, opened), read: between(opened, clock()) };
  };
}

function peers(python: string): {
  readonly of: (peer: string) => Reader;
  readonly end: () => void;
} {
  const child = spawn(python, [join(import.meta.dirname, 'peers/video.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    of: (peer) => async (path, indices) => {
      child.stdin.write(`${JSON.stringify({ peer, path, indices, repeat: 1 })}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${peer} ended`);
      return JSON.parse(value) as Answer;
    },
    end: () => child.stdin.end(),
  };
}

async function compare(files: readonly string[], rounds: number): Promise<void> {
  const { of, end } = peers(process.env.LACUNA_PYTHON ?? 'python3');
  const readers = new Map<string, Reader>([
    ['ours', await ours('none')],
    ['ours, index on disk', await ours('disk')],
    ['ours, index kept', await ours('memory')],
    ...['decord', 'pyav', 'torchcodec'].map((peer) => [peer, of(peer)] as const),
  ]);
  for (const path of files) {
    using opened = await (await videoBackend('node-av')).open(path);
    const n = opened.info.frameCount;
    const draw = new RandomStream({ seed: 1, stream: 'test' });
    const start = draw.integer(n - 64);
    const asked = new Map<string, readonly number[]>([
      ['open', []],
      ['dense: 16 frames, stride 4', Array.from({ length: 16 }, (_, i) => start + 4 * i)],
      [
        'sparse: 8 spread frames',
        Array.from({ length: 8 }, (_, i) => Math.floor(((i + 0.5) * n) / 8)),
      ],
      ['one random frame', [draw.integer(n)]],
    ]);
    for (const [what, indices] of asked) {
      const best = new Map<string, [Seconds, Seconds]>();
      for (let round = 0; round < rounds; round++) {
        for (const [name, read] of readers) {
          const { open, read: took } = await read(path, indices);
          const sum: Seconds = what === 'open' ? open : [open[0] + took[0], open[1] + took[1]];
          const before = best.get(name);
          const least = (a: Seconds, b: Seconds | undefined): Seconds =>
            b === undefined ? a : [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
          best.set(name, [least(sum, before?.[0]), least(took, before?.[1])]);
        }
      }
      for (const [name, [[wall, cpu], [, readCpu]]] of best) {
        console.log(
          [
            path.split('/').at(-1),
            what,
            name,
            `${cpu.toFixed(2)} s CPU`,
            `of it reading ${readCpu.toFixed(2)}`,
            `${wall.toFixed(2)} s wall`,
          ].join('; '),
        );
      }
    }
  }
  end();
}

async function countOpens(path: string, opens: number): Promise<void> {
  const backend = await videoBackend('node-av');
  for (let i = 1; i <= opens; i++) {
    using reader = await backend.open(path);
    const size = { width: 16, height: 16 };
    const { width, height } = reader.info;
    await reader.read({ indices: [0], crop: { x: 0, y: 0, width, height }, size, flip: false });
    if (i % Math.ceil(opens / 20) !== 0) continue;
    console.log(`${i} opens: ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB resident`);
  }
}

const opens = values.opens === undefined ? undefined : Number(values.opens);
if (opens === undefined) await compare(positionals, Number(values.rounds));
else await countOpens(positionals[0] ?? '', opens);

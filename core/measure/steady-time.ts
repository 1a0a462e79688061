import { type Program, ProgramBuilder, slice } from '../../spec/index.js';
import type { Backend, DeviceTensor, Executable, Named } from '../backend.js';
import type { Probe } from './probes.js';
import { inputMaker } from './problem.js';

export interface SteadyTimeOptions {
  /**
   * Milliseconds that a try takes at least, so that a clock of 0.1 ms, which is what browsers have, and the wait
   * for the device's answer hardly count. @defaultValue 100
   */
  readonly least?: number;
  /** Tries, of which the shortest counts; a program that takes long has fewer, but one. @defaultValue 3 */
  readonly tries?: number;
  /** Milliseconds after which no further try begins. @defaultValue 5000 */
  readonly longest?: number;
  /** Ends it between two runs. */
  readonly signal?: AbortSignal;
}

/** A try has no more runs: where the clock stands still it would never end. */
const MOST_RUNS = 4096;

/**
 * Milliseconds that a run of a program takes: it is run so often in a row that a try takes `least`, and of some
 * tries the shortest counts. At the end of each try a corner of the last result is read, so that a device
 * which works ahead has done it all. One run before the first try does not count.
 *
 * @throws The signal's reason, once it is aborted.
 */
export async function steadyTime(
  backend: Backend,
  { program, shape }: Pick<Probe, 'program' | 'shape'>,
  { least = 100, tries = 3, longest = 5000, signal }: SteadyTimeOptions = {},
): Promise<number> {
  const inputs: Record<string, DeviceTensor> = {};
  const compiled: Executable[] = [];
  const compile = async (each: Program): Promise<Executable> => {
    const executable = await backend.compile(each);
    compiled.push(executable);
    return executable;
  };
  try {
    const executable = await compile(program);
    const reader = await compile(cornerOf(shape));
    const make = inputMaker({ batch: 1, visible: 0 });
    for (const input of program.inputs) inputs[input.name] = await backend.upload(make(input));
    const timed = (count: number): Promise<number> =>
      runsInRow(backend, { executable, reader, inputs }, count, signal);
    let count = 1;
    await timed(count);
    let best = Number.POSITIVE_INFINITY;
    const begin = performance.now();
    for (let done = 0; done < tries; ) {
      const time = await timed(count);
      if (time < least && count < MOST_RUNS) {
        count = Math.min(MOST_RUNS, count * Math.min(16, Math.max(2, Math.ceil(least / time))));
        continue;
      }
      done += 1;
      best = Math.min(best, time / count);
      if (performance.now() - begin > longest) break;
    }
    return best;
  } finally {
    release(backend, inputs);
    for (const executable of compiled) await executable.dispose();
  }
}

interface Timed {
  readonly executable: Executable;
  readonly reader: Executable;
  readonly inputs: Named<DeviceTensor>;
}

/** Milliseconds of so many runs, the last one's corner read. */
async function runsInRow(
  backend: Backend,
  { executable, reader, inputs }: Timed,
  count: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const start = performance.now();
  let last: Named<DeviceTensor> = {};
  let read: Named<DeviceTensor> = {};
  try {
    for (let run = 0; run < count; run++) {
      signal?.throwIfAborted();
      release(backend, last);
      last = {};
      last = await executable.run(inputs);
    }
    read = await reader.run({ c: last.c as DeviceTensor });
    await backend.download(read.corner as DeviceTensor);
    return performance.now() - start;
  } finally {
    release(backend, last);
    release(backend, read);
  }
}

function release(backend: Backend, tensors: Named<DeviceTensor>): void {
  for (const tensor of Object.values(tensors)) backend.release(tensor);
}

function cornerOf([rows, columns]: Probe['shape']): Program {
  const builder = new ProgramBuilder('corner');
  const c = builder.input('c', 'f32', [rows, columns], 'data');
  builder.output('corner', slice(slice(c, 0, rows - 1, rows), 1, columns - 1, columns));
  return builder.finish();
}

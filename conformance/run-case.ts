import type { Backend, DeviceTensor, Executable, HostTensor, Named } from '../core/backend.js';
import { retype } from '../core/passes/retype.js';
import { bounds } from '../reference/index.js';
import type { Case } from './case.js';
import { F64_IEEE } from './contracts/f64-ieee.js';
import { contractNamed } from './contracts/index.js';
import { type Deviation, judge } from './judge.js';

/** What came of one case. */
export interface CaseResult {
  readonly elements: number;
  readonly undecided: number;
  /** The largest ratio of error to bound that occurred. */
  readonly worstRatio: number;
  /** What is wrong; absent where nothing is. */
  readonly failure?: CaseFailure;
}

export interface CaseFailure {
  readonly what: string;
  readonly deviation?: Deviation;
}

/** How a case is run. */
export interface RunOptions {
  /**
   * Runs the case with f64 for f32, judged by `f64-ieee`: an exact check of what a backend does,
   * whatever its accuracy in f32. @defaultValue false
   */
  readonly double?: boolean;
}

/**
 * Runs a case on a backend and judges every output of every run against the bounds of the
 * backend's contract; then repeats the first run, whose results must be the same bits if the
 * backend calls itself deterministic, and looks for tensors that were not released.
 */
export async function runCase(
  backend: Backend,
  drawn: Case,
  { double = false }: RunOptions = {},
): Promise<CaseResult> {
  const { program, runs } = double ? inDouble(drawn) : drawn;
  const contract = double ? F64_IEEE : contractNamed(backend.info.contract);
  const before = backend.liveTensors;
  let result: CaseResult = { elements: 0, undecided: 0, worstRatio: 0 };
  const executable = await backend.compile(program);
  try {
    let first: Named<HostTensor> | undefined;
    for (const inputs of runs) {
      const outputs = await runOnce(backend, executable, inputs);
      first ??= outputs;
      for (const [name, allowed] of Object.entries(bounds(program, inputs, contract))) {
        const { elements, undecided, worst, mismatch } = judge(name, outputs[name], allowed);
        const ratio = worst?.ratio ?? 0;
        result = {
          elements: result.elements + elements,
          undecided: result.undecided + undecided,
          worstRatio: Math.max(result.worstRatio, ratio),
        };
        if (mismatch !== undefined) return { ...result, failure: { what: mismatch } };
        if (worst !== undefined && ratio > 1) {
          return { ...result, failure: { what: 'out of bounds', deviation: worst } };
        }
      }
    }
    const failure = await repeatDiffers(backend, executable, runs, first);
    if (failure !== undefined) return { ...result, failure };
  } finally {
    await executable.dispose();
  }
  const leaked = backend.liveTensors - before;
  if (leaked !== 0) return { ...result, failure: { what: `${leaked} tensors were not released` } };
  return result;
}

/** Uploads, runs, downloads, and releases everything. */
export async function runOnce(
  backend: Backend,
  executable: Executable,
  inputs: Named<HostTensor>,
): Promise<Named<HostTensor>> {
  const held: DeviceTensor[] = [];
  try {
    const uploaded: Record<string, DeviceTensor> = {};
    for (const [name, tensor] of Object.entries(inputs)) {
      const handle = await backend.upload(tensor);
      held.push(handle);
      uploaded[name] = handle;
    }
    const results = await executable.run(uploaded);
    held.push(...Object.values(results));
    const outputs: Record<string, HostTensor> = {};
    for (const [name, handle] of Object.entries(results)) {
      outputs[name] = await backend.download(handle);
    }
    return outputs;
  } finally {
    for (const handle of held) backend.release(handle);
  }
}

function inDouble({ program, runs }: Case): Case {
  const widened = (tensor: HostTensor): HostTensor =>
    tensor.dtype === 'f32'
      ? { ...tensor, dtype: 'f64', data: Float64Array.from(tensor.data) }
      : tensor;
  return {
    program: retype(program, 'f64'),
    runs: runs.map((inputs) =>
      Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, widened(tensor)])),
    ),
  };
}

async function repeatDiffers(
  backend: Backend,
  executable: Executable,
  [inputs]: Case['runs'],
  first: Named<HostTensor> | undefined,
): Promise<CaseFailure | undefined> {
  if (!backend.info.deterministic || inputs === undefined || first === undefined) return undefined;
  const again = await runOnce(backend, executable, inputs);
  for (const [name, { data }] of Object.entries(first)) {
    const repeated = again[name]?.data;
    const index = data.findIndex((value, i) => !Object.is(value, repeated?.[i]));
    if (index !== -1) {
      const what = `${name}[${index}] differs in a repeated run: ${data[index]}, then ${repeated?.[index]}`;
      return { what };
    }
  }
  return undefined;
}

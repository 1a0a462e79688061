import type { HostTensor, Named } from '../core/backend.js';
import { retype } from '../core/passes/retype.js';
import { Breakdown } from '../protocol/breakdown.js';
import { CONTRACTS } from '../spec/contracts/index.js';
import { LacunaError } from '../spec/errors.js';
import { type Case, functionCase, programCase } from './case.js';
import { firstDifference } from './first-difference.js';
import { judging } from './functions/exact.js';
import { type Deviation, judge } from './judge.js';
import type { KeepBounds } from './kept-bounds.js';
import type { Opened, Subject } from './subject.js';

/** What came of one case. */
export interface CaseResult {
  readonly elements: number;
  readonly undecided: number;
  /** The largest ratio of error to bound that occurred. */
  readonly worstRatio: number;
  /** What the subject gave, for each run. */
  readonly outputs: readonly Named<HostTensor>[];
  /** What is wrong; absent where nothing is. */
  readonly failure?: CaseFailure;
}

export interface CaseFailure {
  readonly what: string;
  readonly deviation?: Deviation;
  /** The subject died, hung or gave no answer. */
  readonly breakdown?: true;
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
 * Runs a case on a subject and judges every output of every run against the bounds of the
 * subject's contract; then repeats the first run, whose results must be the same bits if the
 * subject calls itself deterministic, and looks for tensors that were not released.
 *
 * @param keep Keeps bounds for the next subject. @defaultValue derives them each time
 * @returns in a sentence why the subject does not do such cases, where it does not.
 */
export async function runCase(
  subject: Subject,
  drawn: Case,
  options: RunOptions = {},
  keep: KeepBounds = (_, make) => make(),
): Promise<CaseResult | string> {
  try {
    return await runAndJudge(subject, drawn, options, keep);
  } catch (error) {
    if (!(error instanceof Breakdown)) throw error;
    const failure = { what: error.message, breakdown: true } as const;
    return { elements: 0, undecided: 0, worstRatio: 0, outputs: [], failure };
  }
}

async function runAndJudge(
  subject: Subject,
  drawn: Case,
  { double = false }: RunOptions,
  keep: KeepBounds,
): Promise<CaseResult | string> {
  const contractName = double ? 'f64-ieee' : subject.info.contract;
  const contract = CONTRACTS[contractName];
  const asked = double ? asDouble(drawn) : drawn;
  const { runs, expected, followsOutputs = false } = asked;
  const before = subject.backend?.liveTensors ?? 0;
  const opened = await subject.open(asked);
  if (typeof opened === 'string') return opened;
  let result: CaseResult = { elements: 0, undecided: 0, worstRatio: 0, outputs: [] };
  try {
    for (const [run, inputs] of runs.entries()) {
      const outputs = await opened.run(inputs);
      const legal = followsOutputs
        ? expected(inputs, contract, outputs)
        : keep(`${double ? 'double ' : ''}${contractName} ${run}`, () =>
            expected(inputs, contract),
          );
      result = { ...result, outputs: [...result.outputs, outputs] };
      for (const [name, allowed] of Object.entries(legal)) {
        const { elements, undecided, worst, mismatch } = judge(name, outputs[name], allowed);
        const ratio = worst?.ratio ?? 0;
        result = {
          ...result,
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
    const failure = await repeatDiffers(subject, opened, runs, result.outputs);
    if (failure !== undefined) return { ...result, failure };
  } finally {
    await opened.close();
  }
  const leaked = (subject.backend?.liveTensors ?? 0) - before;
  if (leaked !== 0) return { ...result, failure: { what: `${leaked} tensors were not released` } };
  return result;
}

/** The program that a subject is given for a case. */
export function caseProgram(drawn: Case, double: boolean): Case['program'] {
  return (double ? asDouble(drawn) : drawn).program;
}

/** The case with f64 for f32, judged by derived bounds. */
function asDouble(drawn: Case): Case {
  const made = unfiltered(drawn);
  return drawn.judges === undefined ? made : judging(made, drawn.judges);
}

function unfiltered({ program, oracle = program, call, runs, inDouble }: Case): Case {
  if (inDouble !== undefined) return inDouble();
  if (oracle === undefined) {
    throw new LacunaError({ what: 'a case without a program cannot be run in double' });
  }
  // Unfolded: literals of f64 must not have been rounded to f32.
  const made = {
    program: retype(oracle, 'f64'),
    runs: runs.map((inputs) =>
      Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, widened(tensor)])),
    ),
  };
  if (call === undefined) return programCase(made.program, made.runs);
  const { attributes } = call;
  const float = 'float' in attributes ? { float: 'f64' } : {};
  return functionCase(made, { ...call, attributes: { ...attributes, ...float } });
}

function widened(tensor: HostTensor): HostTensor {
  return tensor.dtype === 'f32'
    ? { ...tensor, dtype: 'f64', data: Float64Array.from(tensor.data) }
    : tensor;
}

/** Whether a case has anything that f64 changes. */
export function hasFloats({ program, inDouble }: Case): boolean {
  if (inDouble !== undefined) return true;
  if (program === undefined) return false;
  return (
    program.inputs.some(({ dtype }) => dtype === 'f32') ||
    program.operations.some(({ results }) => results.some(({ dtype }) => dtype === 'f32'))
  );
}

async function repeatDiffers(
  subject: Subject,
  opened: Opened,
  [inputs]: Case['runs'],
  [first]: CaseResult['outputs'],
): Promise<CaseFailure | undefined> {
  if (!subject.info.deterministic || inputs === undefined || first === undefined) return undefined;
  const again = await opened.run(inputs);
  for (const [name, tensor] of Object.entries(first)) {
    const repeated = again[name];
    const index = repeated === undefined ? 0 : firstDifference(tensor.data, repeated.data);
    if (index === undefined) continue;
    const [was, is] = [tensor.data[index], repeated?.data[index]];
    return { what: `${name}[${index}] differs in a repeated run: ${was}, then ${is}` };
  }
  return undefined;
}

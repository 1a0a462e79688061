import type { HostTensor, Named } from '../../core/backend.js';
import { InterpreterBackend, interpret, perturbed } from '../../reference/index.js';
import type { ContractErrors } from '../../spec/contracts/index.js';
import type { Program } from '../../spec/program/index.js';
import { RandomStream } from '../../spec/random/index.js';
import { runOnce } from '../subject.js';
import { studentQuantile } from './student.js';

/** Legal runs of which spreads are made. */
export const LEGAL_RUNS = 32;
/** The probability with which a whole run of the suite may fail a correct backend by chance. */
export const FALSE_ALARM = 1e-6;

/** What float64 has, and how far from it legal float32 runs lie. */
export interface Spread {
  readonly value: Float64Array;
  /** The root mean square of the runs' deviations, for each element at least that of its tensor. */
  readonly deviation: Float64Array;
}

/** The spread of each output of a program over random legal runs. */
export async function legalSpread(
  program: Program,
  inputs: Named<HostTensor>,
  contract: ContractErrors,
): Promise<ReadonlyMap<string, Spread>> {
  const exact = interpret(program, inputs);
  const squares = new Map(
    Object.entries(exact).map(([name, { data }]) => [name, new Float64Array(data.length)]),
  );
  for (let run = 0; run < LEGAL_RUNS; run++) {
    const backend = legalBackend(contract, run);
    const executable = await backend.compile(program);
    for (const [name, { data }] of Object.entries(await runOnce(backend, executable, inputs))) {
      const total = squares.get(name) as Float64Array;
      const value = exact[name]?.data as Float64Array;
      for (let i = 0; i < total.length; i++) {
        total[i] = (total[i] as number) + ((data[i] as number) - (value[i] as number)) ** 2;
      }
    }
  }
  return new Map(
    Object.entries(exact).map(([name, { data }]) => {
      const total = squares.get(name) as Float64Array;
      const own = Math.sqrt(total.reduce((a, b) => a + b, 0) / (LEGAL_RUNS * total.length));
      const deviation = total.map((sum) => Math.max(own, Math.sqrt(sum / LEGAL_RUNS)));
      return [name, { value: Float64Array.from(data), deviation }];
    }),
  );
}

/** A backend that is legal under a contract, one of many. */
export function legalBackend(
  contract: ContractErrors,
  member: number,
): InterpreterBackend<Float32Array> {
  const stream = new RandomStream({ seed: 1, stream: 'test', replicate: member });
  const info = {
    name: `legal ${member}`,
    contract: contract.name,
    claims: [],
    deterministic: false,
  };
  return new InterpreterBackend(perturbed(contract, stream), info);
}

/** How many deviations an element may lie off, so that `count` correct ones hardly ever do. */
export function allowance(count: number): number {
  return studentQuantile(LEGAL_RUNS - 1, FALSE_ALARM / count);
}

import type { HostTensor, Named } from '../../core/backend.js';
import { declarations } from '../../core/passes/rewrite.js';
import {
  type Arithmetic,
  type Bounds,
  type FloatBounds,
  InterpreterBackend,
  interpret,
  interpretIn,
  perturbed,
} from '../../reference/index.js';
import type { ContractErrors } from '../../spec/contracts/index.js';
import { isFloat, type Program, type ValueDeclaration } from '../../spec/program/index.js';
import { RandomStream } from '../../spec/random/index.js';
import { studentQuantile } from './t-quantile.js';

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
export function legalSpread(
  program: Program,
  inputs: Named<HostTensor>,
  contract: ContractErrors,
): ReadonlyMap<string, Spread> {
  const exact = interpret(program, inputs);
  const squares = new Map(
    Object.entries(exact).map(([name, { data }]) => [name, new Float64Array(data.length)]),
  );
  for (let run = 0; run < LEGAL_RUNS; run++) {
    const results = interpretIn(legalArithmetic(contract, run), program, inputs);
    for (const [name, { data }] of Object.entries(results)) {
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

/** Spreads that are kept: under two contracts, those of five steps at two draws and of four plans. */
const KEPT = 28;

/** Spreads of this process, the latest: all subjects of a contract are judged by the same. */
const spreads = new Map<string, ReadonlyMap<string, Spread>>();

/** The spread that is kept under a key, or is made and kept; the oldest one goes for it. */
export function keptSpread(
  key: string,
  make: () => ReadonlyMap<string, Spread>,
): ReadonlyMap<string, Spread> {
  const known = spreads.get(key);
  if (known !== undefined) return known;
  const spread = make();
  const [oldest] = spreads.keys();
  if (oldest !== undefined && spreads.size >= KEPT) spreads.delete(oldest);
  spreads.set(key, spread);
  return spread;
}

/** A backend that is legal under a contract, one of many. */
export function legalBackend(
  contract: ContractErrors,
  member: number,
): InterpreterBackend<Float32Array> {
  const info = {
    name: `legal ${member}`,
    contract: contract.name,
    claims: [],
    deterministic: false,
  };
  return new InterpreterBackend(legalArithmetic(contract, member), info);
}

function legalArithmetic(contract: ContractErrors, member: number): Arithmetic<Float32Array> {
  const stream = new RandomStream({ seed: 1, stream: 'test', replicate: member });
  return perturbed(contract, stream);
}

/**
 * What a legal implementation may give for the float outputs of a program, by the spread of legal runs:
 * value +- as many deviations as a correct one passes with probability 1 - 1e-6. Sound for random and
 * centred data, and far narrower than the worst case where many operations follow each other.
 */
export function spreadBounds(
  program: Program,
  inputs: Named<HostTensor>,
  contract: ContractErrors,
): Named<Bounds> {
  const spread = legalSpread(program, inputs, contract);
  const elements = [...spread.values()].reduce((sum, { value }) => sum + value.length, 0);
  const limit = allowance(2 * elements);
  const types = declarations(program);
  return Object.fromEntries(
    program.outputs.map(({ name, value: source }): [string, FloatBounds] => {
      const { dtype, shape } = types.get(source) as ValueDeclaration;
      const { value, deviation } = spread.get(name) as Spread;
      if (!isFloat(dtype)) throw new Error(`${name} is no float: its results do not spread`);
      const low = value.map((x, i) => x - limit * (deviation[i] as number));
      const high = value.map((x, i) => x + limit * (deviation[i] as number));
      return [name, { dtype, shape, value, low, high }];
    }),
  );
}

/** How many deviations an element may lie off, so that `count` correct ones hardly ever do. */
export function allowance(count: number): number {
  return studentQuantile(LEGAL_RUNS - 1, FALSE_ALARM / count);
}

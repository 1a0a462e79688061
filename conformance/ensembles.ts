import type { HostTensor, Named } from '../core/backend.js';
import { interpret } from '../reference/index.js';
import { CONTRACTS } from '../spec/contracts/index.js';
import { type Program, ProgramBuilder, type Value } from '../spec/program/index.js';
import { beyondContract, type Check, type Finding, verdictOf } from './check.js';
import { makeTensor } from './generators/data.js';
import { FALSE_ALARM } from './steps/legal-spread.js';
import { studentQuantile } from './steps/t-quantile.js';
import { runOnce, type Subject } from './subject.js';

/** Random inputs of each operation; the mean of their errors is judged. */
const INPUTS = 64;
const WIDTH = 256;

const OPERATIONS: Readonly<Record<string, (a: Value, b: Value) => Value>> = {
  add: (a, b) => a.builder.primitive('add', [a, b], {}),
  sub: (a, b) => a.builder.primitive('sub', [a, b], {}),
  mul: (a, b) => a.builder.primitive('mul', [a, b], {}),
  div: (a, b) => a.builder.primitive('div', [a, b], {}),
  reduce_sum: (a) => a.builder.primitive('reduce_sum', [a], { axes: [1], keep: false }),
  matmul: (a, b) =>
    a.builder.primitive('matmul', [a, b], { transpose_a: false, transpose_b: true }),
};

/**
 * Systematic error inside the worst case: rounding to nearest errs to both sides alike, so that the
 * mean over 64 random inputs of the error towards zero is 0 within k deviations, k from Student's t
 * for a false alarm in 1e-6 of all runs. Cutting bits off, of results or of factors, shows here long
 * before it leaves the bounds of a sum.
 */
export const ENSEMBLES: readonly Check[] = Object.entries(OPERATIONS).map(
  ([name, operation]): Check => ({
    id: `ensemble/${name}`,
    level: 1,
    clauses: ['op.unbiased'],
    run: (subject, { seed = 1 }) => runEnsemble(`ensemble/${name}`, subject, operation, seed),
  }),
);

async function runEnsemble(
  id: string,
  { backend, info }: Subject,
  operation: (a: Value, b: Value) => Value,
  seed: number,
): Promise<Finding> {
  if (backend === undefined) return verdictOf('unsupported', 'programs do not run on it');
  const { unbiased, factors } = CONTRACTS[info.contract];
  if (!unbiased || (factors !== undefined && id.endsWith('matmul'))) {
    return beyondContract(`${info.contract} lets it round to one side`);
  }
  const program = programOf(operation);
  const executable = await backend.compile(program);
  const means: number[] = [];
  try {
    for (let draw = 0; draw < INPUTS; draw++) {
      const inputs = inputsOf(program, seed * INPUTS + draw);
      const got = (await runOnce(backend, executable, inputs)).result?.data ?? [];
      const exact = interpret(program, inputs).result?.data ?? [];
      let sum = 0;
      for (let i = 0; i < exact.length; i++) {
        const [was, want] = [got[i] as number, exact[i] as number];
        // Towards zero counts up, relative to the unit roundoff.
        if (want !== 0) sum += (Math.sign(want) * (want - was)) / (Math.abs(want) * 2 ** -24);
      }
      means.push(sum / exact.length);
    }
  } finally {
    await executable.dispose();
  }
  const mean = means.reduce((a, b) => a + b, 0) / INPUTS;
  const variance = means.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (INPUTS - 1);
  const deviation = Math.sqrt(variance / INPUTS);
  const limit = studentQuantile(INPUTS - 1, FALSE_ALARM / (2 * ENSEMBLES.length)) * deviation;
  const ratio = mean === 0 ? 0 : Math.abs(mean) / limit;
  const found = { cases: INPUTS, elements: INPUTS * WIDTH, undecided: 0, worstRatio: ratio };
  if (ratio <= 1) return { ...found, verdict: 'pass' };
  const what =
    `results are off by ${mean.toPrecision(3)} roundings towards zero on average, ` +
    `${(limit).toPrecision(3)} could be chance`;
  return { ...found, verdict: 'fail', failure: { address: id, what } };
}

function programOf(operation: (a: Value, b: Value) => Value): Program {
  const builder = new ProgramBuilder('ensemble');
  const a = builder.input('a', 'f32', [16, WIDTH], 'data');
  const b = builder.input('b', 'f32', [16, WIDTH], 'data');
  builder.output('result', operation(a, b));
  return builder.finish();
}

/** Inputs by draw, 2 MB of the last seed: six operations and a fleet of backends are given the same. */
const drawn = new Map<number, Named<HostTensor>>();

function inputsOf(program: Program, draw: number): Named<HostTensor> {
  const known = drawn.get(draw);
  if (known !== undefined) return known;
  const made = Object.fromEntries(
    program.inputs.map((input, replicate) => [
      input.name,
      makeTensor(input, { regime: 'normal', draw, replicate, domain: (x) => Math.abs(x) + 0.01 }),
    ]),
  );
  if (drawn.size >= INPUTS) drawn.clear();
  drawn.set(draw, made);
  return made;
}

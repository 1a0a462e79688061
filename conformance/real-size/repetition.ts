import type { Backend, DeviceTensor, HostTensor, Named } from '../../core/backend.js';
import {
  add,
  LAYER_NORM_GRAD,
  matmul,
  type Program,
  ProgramBuilder,
  scatterAdd,
  softmax,
  sub,
  sum,
  transpose,
  type Value,
} from '../../spec/program/index.js';
import { law } from '../backend-contract.js';
import type { Check } from '../check.js';
import { firstDifference } from '../first-difference.js';
import { makeTensor } from '../generators/data.js';
import { runOnce } from '../subject.js';
import { HIDDEN, TOKENS, WIDTH } from './content.js';

/** How often equal runs are repeated: threads that race do not collide in every run. */
export interface Repetitions {
  readonly collisions: number;
  readonly runs: number;
}

export const GATE_REPETITIONS: Repetitions = { collisions: 150, runs: 5 };
export const REAL_REPETITIONS: Repetitions = { collisions: 1000, runs: 200 };

/** What a backend promises of equal runs, at real sizes and while it runs something else, too. */
export function repetitionChecks({ collisions, runs }: Repetitions): readonly Check[] {
  return [
    law(
      'real/collisions',
      (backend) => collide(backend, collisions),
      ['op.scatter_add'],
      `${UPDATES} rows of ${WIDTH} added to ${ROWS}, ${collisions} times beside another executable`,
    ),
    law(
      'real/determinism',
      (backend) => equalBits(backend, runs),
      ['contract.determinism'],
      `sums, products, norms and scatter over ${TOKENS + 3} x ${WIDTH} and 37 x ${HIDDEN}, ${runs} times beside another executable`,
    ),
    law(
      'real/donation',
      (backend) => donation(backend, runs),
      ['contract.donation.order'],
      `state of 523 x 523, ${2 * runs} steps beside another executable`,
    ),
    law('real/residency', residency, ['contract.residency'], 'a tensor of 2^23 elements'),
  ];
}

/** Updates of ones, in turn to so few rows that threads meet in them. */
const [ROWS, UPDATES] = [4, 1024];

/** Each row is the number of its updates, in every run. */
async function collide(backend: Backend, times: number): Promise<string | undefined> {
  const builder = new ProgramBuilder('collisions');
  const indices = builder.input('indices', 'i32', [UPDATES], 'data');
  const updates = builder.input('updates', 'f32', [UPDATES, WIDTH], 'data');
  builder.output('table', scatterAdd(indices, updates, 0, ROWS));
  const given: Named<HostTensor> = {
    indices: { ...indices, data: Int32Array.from({ length: UPDATES }, (_, i) => i % ROWS) },
    updates: { ...updates, data: new Float32Array(UPDATES * WIDTH).fill(1) },
  };
  return repeat(backend, builder.finish(), given, times, ({ table }) => {
    const at = table?.data.findIndex((x) => x !== UPDATES / ROWS) ?? 0;
    if (at === -1) return undefined;
    const row = Math.floor(at / WIDTH);
    return `row ${row} has ${table?.data[at]} of ${UPDATES / ROWS} updates`;
  });
}

/** Everything that adds up, with few different rows: equal bits, where the backend says so. */
async function equalBits(backend: Backend, times: number): Promise<string | undefined> {
  if (!backend.info.deterministic) return undefined;
  const builder = new ProgramBuilder('determinism');
  const input = (name: string, shape: readonly number[]): Value =>
    builder.input(name, 'f32', shape, 'data');
  const [x, y, narrow] = [
    input('x', [TOKENS + 3, WIDTH]),
    input('y', [37, HIDDEN]),
    input('narrow', [TOKENS + 3, 96]),
  ];
  const [gamma, mean, rstd] = [
    input('gamma', [96]),
    input('mean', [TOKENS + 3, 1]),
    input('rstd', [TOKENS + 3, 1]),
  ];
  const indices = builder.input('indices', 'i32', [TOKENS + 3], 'data');
  builder.output('scattered', scatterAdd(indices, x, 0, 7));
  builder.output('columns', sum(x, [0]));
  builder.output('rows', sum(x, [1]));
  builder.output('all', sum(x));
  builder.output('product', matmul(y, y, { transposeB: true }));
  builder.output('weights', matmul(narrow, x, { transposeA: true }));
  builder.output('probabilities', softmax(x));
  const gradients = builder.call(LAYER_NORM_GRAD, [narrow, gamma, mean, rstd, narrow], {});
  ['dx', 'dgamma', 'dbeta'].forEach((name, i) => {
    builder.output(name, gradients[i] as Value);
  });
  const program = builder.finish();
  const given = Object.fromEntries(
    program.inputs.map((type, replicate): [string, HostTensor] => [
      type.name,
      makeTensor(type, { regime: 'normal', draw: 4, replicate, below: 7 }),
    ]),
  );
  let first: Named<HostTensor> | undefined;
  return repeat(backend, program, given, times, (results) => {
    first ??= results;
    for (const [name, { data }] of Object.entries(first)) {
      const again = results[name]?.data ?? new Float32Array();
      const at = firstDifference(data, again);
      if (at !== undefined)
        return `${name}[${at}] is ${data[at]} in one run, ${again[at]} in another`;
    }
    return undefined;
  });
}

/** Large state, step after step: what is lent must be read before it is written. */
async function donation(backend: Backend, times: number): Promise<string | undefined> {
  const edge = 523;
  const builder = new ProgramBuilder('donation');
  const x = builder.input('x', 'f32', [edge, edge], 'parameter');
  builder.output('x', transpose(x, [1, 0]));
  builder.output('late', sub(add(x, 1), transpose(x, [1, 0])));
  const executable = await backend.compile(builder.finish(), { donate: { x: 'x' } });
  const start = Float32Array.from({ length: edge * edge }, (_, i) => i % 4093);
  let state = await backend.upload({ dtype: 'f32', shape: [edge, edge], data: start });
  try {
    return await underLoad(backend, async () => {
      for (let step = 0; step < 2 * times; step++) {
        const results = await executable.run({ x: state });
        const late = results.late as DeviceTensor;
        const { data } = await backend.download(late);
        backend.release(late);
        state = results.x as DeviceTensor;
        for (let i = 0; i < data.length; i++) {
          const turned = (i % edge) * edge + Math.floor(i / edge);
          const [here, there] = step % 2 === 0 ? [i, turned] : [turned, i];
          const want = (start[here] as number) + 1 - (start[there] as number);
          if (data[i] !== want) return `step ${step}: late[${i}] is ${data[i]}, should be ${want}`;
        }
      }
      return undefined;
    });
  } finally {
    backend.release(state);
    await executable.dispose();
  }
}

/** The elements of a tensor that is uploaded and hardly read. */
const LARGE = 2 ** 23;

/**
 * A run that reads 16 of 2^23 elements takes a fraction of the time of their upload, where tensors stay
 * on the device. Shortest times of several turns are compared, which a busy machine changes alike.
 */
async function residency(backend: Backend): Promise<string | undefined> {
  if (backend.info.residency !== 'resident') return undefined;
  const builder = new ProgramBuilder('residency');
  const x = builder.input('x', 'f32', [LARGE], 'parameter');
  builder.output('few', builder.primitive('slice', [x], { starts: [5], ends: [21] }));
  const executable = await backend.compile(builder.finish());
  const tensor: HostTensor = {
    dtype: 'f32',
    shape: [LARGE],
    data: new Float32Array(LARGE).fill(3),
  };
  let [upload, run] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  try {
    for (let turn = 0; turn < 8; turn++) {
      const start = performance.now();
      const held = await backend.upload(tensor);
      upload = Math.min(upload, performance.now() - start);
      for (let again = 0; again < 3; again++) {
        const begin = performance.now();
        const { few } = await executable.run({ x: held });
        await backend.download(few as DeviceTensor);
        run = Math.min(run, performance.now() - begin);
        backend.release(few as DeviceTensor);
      }
      backend.release(held);
    }
  } finally {
    await executable.dispose();
  }
  if (run < upload / 2) return undefined;
  return `a run that reads 16 elements of a tensor takes ${run.toFixed(1)} ms, its upload ${upload.toFixed(1)} ms: it does not stay on the device`;
}

/** Runs a program again and again beside another one, until the results are wrong. */
async function repeat(
  backend: Backend,
  program: Program,
  inputs: Named<HostTensor>,
  times: number,
  wrong: (results: Named<HostTensor>) => string | undefined,
): Promise<string | undefined> {
  const executable = await backend.compile(program);
  try {
    return await underLoad(backend, async () => {
      for (let run = 0; run < times; run++) {
        const found = wrong(await runOnce(backend, executable, inputs));
        if (found !== undefined) return `run ${run} of ${times}: ${found}`;
      }
      return undefined;
    });
  } finally {
    await executable.dispose();
  }
}

/** Does something while another executable of the backend runs, as long as that lasts. */
async function underLoad<T>(backend: Backend, action: () => Promise<T>): Promise<T> {
  const edge = 192;
  const builder = new ProgramBuilder('load');
  const x = builder.input('x', 'f32', [edge, edge], 'data');
  builder.output('y', matmul(x, x));
  const other = await backend.compile(builder.finish());
  const given = { x: makeTensor(x, { regime: 'normal', draw: 1, replicate: 0 }) };
  let isOver = false;
  const load = (async (): Promise<void> => {
    while (!isOver) await runOnce(backend, other, given);
  })();
  try {
    return await action();
  } finally {
    isOver = true;
    await load;
    await other.dispose();
  }
}

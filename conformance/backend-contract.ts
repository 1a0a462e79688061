import type { Backend, DeviceTensor, HostTensor, Named } from '../core/backend.js';
import { LacunaError } from '../spec/errors.js';
import {
  add,
  cast,
  concat,
  type DType,
  elementCount,
  formatType,
  matmul,
  mul,
  type Program,
  ProgramBuilder,
  reshape,
  sameShape,
  slice,
  sub,
  sum,
  transpose,
  type Value,
} from '../spec/program/index.js';
import { type Check, type Finding, verdictOf } from './check.js';
import { makeTensor } from './generators/data.js';
import { alikePrograms, outputsKept } from './independence-laws.js';
import { runOnce, type Subject } from './subject.js';

/** A rule of the backend contract: what is wrong, undefined where nothing is. */
export type Rule = (backend: Backend) => Promise<string | undefined>;

/** What `core/backend.ts` promises, rule by rule; nothing of it is a matter of accuracy. */
export const LAWS: readonly Check[] = [
  law('law/upload-download', uploadDownload, ['contract.transfer']),
  law('law/donation/order', donationOrder, ['contract.donation.order']),
  law('law/donation/elsewhere', donationElsewhere, ['contract.donation.order']),
  law('law/donation/handle', donatedHandle, ['contract.donation.handle']),
  law('law/release', releasedHandle, ['contract.release', 'contract.leaks']),
  law('law/missing-input', missingInput, ['contract.errors']),
  law('law/wrong-type', wrongType, ['contract.errors']),
  law('law/passed-on', passedOn, ['contract.outputs']),
  law('law/outputs-elsewhere', outputsElsewhere, ['contract.outputs']),
  law('law/outputs-kept', outputsKept, ['contract.outputs']),
  law('law/two-executables', twoExecutables, ['contract.independence']),
  law('law/alike', alikePrograms, ['contract.independence']),
  law('law/types', declaredTypes, ['contract.types']),
  law('law/determinism', equalBits, ['contract.determinism']),
];

/** A rule of the contract as a check; what it leaves behind on the backend breaks it, too. */
export function law(id: string, rule: Rule, clauses: readonly string[], reaches?: string): Check {
  const run = async ({ backend }: Subject): Promise<Finding> => {
    if (backend === undefined) return verdictOf('unsupported', 'programs do not run on it');
    const before = backend.liveTensors;
    const wrong = await rule(backend).catch((error: unknown) => {
      if (error instanceof LacunaError) return error.message;
      throw error;
    });
    const leaked = backend.liveTensors - before;
    const what = wrong ?? (leaked === 0 ? undefined : `${leaked} tensors were not released`);
    const finding = { ...verdictOf(what === undefined ? 'pass' : 'fail'), cases: 1 };
    return what === undefined ? finding : { ...finding, failure: { address: id, what } };
  };
  return { id, level: 0, clauses, run, ...(reaches === undefined ? {} : { reaches }) };
}

const X = { dtype: 'f32', shape: [2, 3] } as const;
const DTYPES: readonly DType[] = ['f32', 'i32', 'u8', 'bool'];
const LATER = Float32Array.of(7, 8, 9, 10, 11, 12);
const START: HostTensor = { ...X, data: Float32Array.of(1, 2, 3, 4, 5, 6) };

/** What is uploaded comes back, bit for bit, empty tensors too; and each its own, where two are asked for at a time. */
async function uploadDownload(backend: Backend): Promise<string | undefined> {
  for (const dtype of DTYPES) {
    for (const shape of [[], [0], [3, 5], [2, 0, 4]]) {
      const tensor = makeTensor({ dtype, shape }, { regime: 'zeros', draw: 7, replicate: 0 });
      const handle = await backend.upload(tensor);
      const back = await backend.download(handle);
      backend.release(handle);
      const same =
        back.dtype === dtype &&
        back.data.length === tensor.data.length &&
        tensor.data.every((value, i) => Object.is(value, back.data[i]));
      if (!same) return `${dtype}[${shape}] came back as [${back.data}], was [${tensor.data}]`;
    }
  }
  const both = [await backend.upload(START), await backend.upload({ ...START, data: LATER })];
  const [first, second] = await Promise.all(both.map((handle) => backend.download(handle)));
  for (const handle of both) backend.release(handle);
  if (first?.data.join() === START.data.join() && second?.data.join() === LATER.join())
    return undefined;
  return `asked for together, two came back as [${first?.data}] and [${second?.data}]`;
}

/** x' = x + 1 and y = (x * 3) * 2, with x's memory lent to x': y must see the old x, step by step. */
async function donationOrder(backend: Backend): Promise<string | undefined> {
  const builder = new ProgramBuilder('donation');
  const x = builder.input('x', X.dtype, X.shape, 'parameter');
  builder.output('x', add(x, 1));
  builder.output('y', mul(mul(x, 3), 2));
  const executable = await backend.compile(builder.finish(), { donate: { x: 'x' } });
  try {
    let state = await backend.upload(START);
    for (let step = 0; step < 4; step++) {
      const results = await executable.run({ x: state });
      const y = results.y as DeviceTensor;
      const { data } = await backend.download(y);
      backend.release(y);
      const wrong = data.findIndex((value, i) => value !== 6 * (i + 1 + step));
      state = results.x as DeviceTensor;
      if (wrong !== -1) {
        backend.release(state);
        return `step ${step}: y[${wrong}] is ${data[wrong]}, should be ${6 * (wrong + 1 + step)}`;
      }
    }
    backend.release(state);
    return undefined;
  } finally {
    await executable.dispose();
  }
}

/**
 * Each element of the new state depends on other elements of the old one, which must not be overwritten before they are read;
 * but for f, which a product is added to, four elements of a row at a time. Of p, what its own kernel may make beside it reads
 * the old elements.
 */
async function donationElsewhere(backend: Backend): Promise<string | undefined> {
  const builder = new ProgramBuilder('donation');
  const square = (name: string, extent: number): Value =>
    builder.input(name, 'f32', [extent, extent], 'parameter');
  const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((name) => square(name, 37)) as [
    Value,
    Value,
    Value,
    Value,
    Value,
  ];
  const [f, g] = [square('f', 36), square('g', 36)];
  builder.output('a', transpose(a, [1, 0]));
  builder.output('b', matmul(b, b));
  builder.output('c', sub(c, sum(c, [1], { keep: true })));
  builder.output('d', add(d, 1));
  builder.output('late', matmul(d, d));
  builder.output('e', add(matmul(e, e), e));
  builder.output('f', add(matmul(g, g), f));
  const [h, x] = [square('h', 36), builder.input('x', 'f32', [36, 1], 'data')];
  const p = builder.input('p', 'f32', [36], 'parameter');
  builder.output('p', sum(h, [0]));
  builder.output('follows', add(matmul(h, x, { transposeA: true }), reshape(p, [36, 1])));
  const program = builder.finish();
  const results = async (donate: Named<string>): Promise<readonly HostTensor[]> => {
    const executable = await backend.compile(program, { donate });
    try {
      const inputs: Record<string, DeviceTensor> = {};
      for (const { name, shape } of program.inputs) {
        const length = elementCount(shape);
        const data = Float32Array.from({ length }, (_, i) => ((i * 7919) % 11) - 5);
        inputs[name] = await backend.upload({ dtype: 'f32', shape, data });
      }
      const outputs = await executable.run(inputs);
      const read: HostTensor[] = [];
      for (const { name } of program.outputs) {
        read.push(await backend.download(outputs[name] as DeviceTensor));
        backend.release(outputs[name] as DeviceTensor);
      }
      for (const [name, tensor] of Object.entries(inputs)) {
        if (!(name in donate)) backend.release(tensor);
      }
      return read;
    } finally {
      await executable.dispose();
    }
  };
  const lent = await results(
    Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f', 'p'].map((name) => [name, name])),
  );
  const kept = await results({});
  for (const [index, { data }] of kept.entries()) {
    const wrong = data.findIndex((value, i) => value !== lent[index]?.data[i]);
    if (wrong === -1) continue;
    const { name } = program.outputs[index] as Program['outputs'][number];
    return `${name}[${wrong}] is ${lent[index]?.data[wrong]} where memory of inputs is lent to outputs, ${data[wrong]} where not`;
  }
  return undefined;
}

async function donatedHandle(backend: Backend): Promise<string | undefined> {
  const executable = await backend.compile(increment(), { donate: { x: 'y' } });
  try {
    const x = await backend.upload(START);
    const results = await executable.run({ x });
    const failure = await mustRefuse('a donated tensor as an input', () => executable.run({ x }));
    for (const handle of Object.values(results)) backend.release(handle);
    return failure;
  } finally {
    await executable.dispose();
  }
}

async function releasedHandle(backend: Backend): Promise<string | undefined> {
  const x = await backend.upload(START);
  backend.release(x);
  backend.release(x);
  return mustRefuse('the download of a released tensor', () => backend.download(x));
}

async function missingInput(backend: Backend): Promise<string | undefined> {
  const executable = await backend.compile(increment());
  try {
    // Without this upload a backend would pass that takes the last tensor it was given where it knows none.
    const other = await backend.upload(START);
    const failure = await mustRefuse('a run without its input', () => executable.run({}));
    backend.release(other);
    return failure;
  } finally {
    await executable.dispose();
  }
}

async function wrongType(backend: Backend): Promise<string | undefined> {
  const executable = await backend.compile(increment());
  const x = await backend.upload({ ...START, shape: [3, 2] });
  try {
    return await mustRefuse('an input of another shape', () => executable.run({ x }));
  } finally {
    backend.release(x);
    await executable.dispose();
  }
}

/** A program may return an input as an output, and one value as two outputs. */
async function passedOn(backend: Backend): Promise<string | undefined> {
  const builder = new ProgramBuilder('passed_on');
  const x = builder.input('x', X.dtype, X.shape, 'data');
  const product = matmul(x, x, { transposeB: true });
  builder.output('same', x);
  builder.output('first', product);
  builder.output('second', product);
  const executable = await backend.compile(builder.finish());
  try {
    const { same, first, second } = await runOnce(backend, executable, { x: START });
    if (same?.data.join() !== START.data.join()) return `the input came out as [${same?.data}]`;
    if (first?.data.join() !== '14,32,32,77') return `the product is [${first?.data}]`;
    return second?.data.join() === first.data.join() ? undefined : 'the two outputs differ';
  } finally {
    await executable.dispose();
  }
}

/** Two outputs are made of a third one, each of its elements from an element at another place. */
async function outputsElsewhere(backend: Backend): Promise<string | undefined> {
  const edge = 67;
  const builder = new ProgramBuilder('elsewhere');
  const y = add(builder.input('x', 'f32', [edge, edge], 'data'), 1);
  builder.output('y', y);
  builder.output('turned', mul(transpose(y, [1, 0]), 2));
  builder.output('moved', add(concat([slice(y, 0, 1, edge), slice(y, 0, 0, 1)], 0), 0.5));
  const executable = await backend.compile(builder.finish());
  try {
    const data = Float32Array.from({ length: edge * edge }, (_, i) => i);
    const x: HostTensor = { dtype: 'f32', shape: [edge, edge], data };
    const results = await runOnce(backend, executable, { x });
    for (let i = 0; i < edge * edge; i++) {
      const [row, column] = [Math.floor(i / edge), i % edge];
      const turned = 2 * (column * edge + row + 1);
      const moved = ((row + 1) % edge) * edge + column + 1.5;
      for (const [name, want] of Object.entries({ y: i + 1, turned, moved })) {
        const got = results[name]?.data[i];
        if (got !== want) return `${name}[${row},${column}] is ${got}, should be ${want}`;
      }
    }
    return undefined;
  } finally {
    await executable.dispose();
  }
}

/** Casts to every type, of tensors with elements and without: each output has its type and shape. */
async function declaredTypes(backend: Backend): Promise<string | undefined> {
  for (const shape of [[], [0], [3, 5], [2, 0, 4]]) {
    const builder = new ProgramBuilder('types');
    const x = builder.input('x', 'i32', shape, 'data');
    for (const dtype of DTYPES) {
      if (dtype !== 'u8') builder.output(dtype, cast(x, dtype));
    }
    const executable = await backend.compile(builder.finish());
    try {
      const given = makeTensor({ dtype: 'i32', shape }, { regime: 'ties', draw: 3, replicate: 0 });
      const results = await runOnce(backend, executable, { x: given });
      for (const [dtype, tensor] of Object.entries(results)) {
        const length = given.data.length;
        if (
          tensor.dtype === dtype &&
          sameShape(tensor.shape, shape) &&
          tensor.data.length === length
        ) {
          continue;
        }
        return `a ${dtype}[${shape}] came out as ${formatType(tensor)} of ${tensor.data.length} elements`;
      }
    } finally {
      await executable.dispose();
    }
  }
  return undefined;
}

/** Long sums and products, five times: their bits are equal where the backend says so. */
async function equalBits(backend: Backend): Promise<string | undefined> {
  if (!backend.info.deterministic) return undefined;
  const builder = new ProgramBuilder('determinism');
  const x = builder.input('x', 'f32', [64, 512], 'data');
  builder.output('sums', sum(x, [0]));
  builder.output('product', matmul(x, x, { transposeB: true }));
  const type = { dtype: 'f32', shape: [64, 512] } as const;
  const given = makeTensor(type, { regime: 'mixed', draw: 4, replicate: 0 });
  const executable = await backend.compile(builder.finish());
  try {
    const seen = new Set<string>();
    for (let run = 0; run < 5; run++) {
      const { sums, product } = await runOnce(backend, executable, { x: given });
      seen.add(`${sums?.data.join()} ${product?.data.join()}`);
    }
    return seen.size === 1 ? undefined : `five equal runs gave ${seen.size} different results`;
  } finally {
    await executable.dispose();
  }
}

/** Two executables of one program take turns, and each keeps to its own. */
async function twoExecutables(backend: Backend): Promise<string | undefined> {
  const first = await backend.compile(increment());
  const second = await backend.compile(increment());
  try {
    const { y } = await runOnce(backend, first, { x: START });
    await first.dispose();
    const { y: again } = await runOnce(backend, second, { x: START });
    return y?.data.join() === '2,3,4,5,6,7' && again?.data.join() === y.data.join()
      ? undefined
      : `results are [${y?.data}] and [${again?.data}]`;
  } finally {
    await second.dispose();
  }
}

function increment(): ReturnType<ProgramBuilder['finish']> {
  const builder = new ProgramBuilder('increment');
  builder.output('y', add(builder.input('x', X.dtype, X.shape, 'parameter'), 1));
  return builder.finish();
}

async function mustRefuse(
  what: string,
  action: () => Promise<unknown>,
): Promise<string | undefined> {
  try {
    await action();
  } catch (error) {
    if (error instanceof LacunaError) return undefined;
    return `${what} is refused by ${String(error)}, which is no LacunaError`;
  }
  return `${what} is not refused`;
}

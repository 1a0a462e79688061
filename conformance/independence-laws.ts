import type { Backend, DeviceTensor, Executable, HostTensor } from '../core/backend.js';
import {
  add,
  maximum,
  mul,
  type Program,
  ProgramBuilder,
  sub,
  sum,
  type Value,
} from '../spec/program/index.js';
import { runOnce } from './subject.js';

/** Few elements, and more than a pool or a chunk may hold. */
const COUNTS = [5, 300_007];

/** Results of a run are still the same when others have run, the same program and another. */
export async function outputsKept(backend: Backend): Promise<string | undefined> {
  for (const count of COUNTS) {
    const executables = [
      await backend.compile(affine(count, 2)),
      await backend.compile(affine(count, 7)),
    ] as const;
    const held: { readonly tensor: DeviceTensor; readonly want: (i: number) => number }[] = [];
    const uploads: DeviceTensor[] = [];
    try {
      for (let run = 0; run < 4; run++) {
        const data = Float32Array.from({ length: count }, (_, i) => (i % 97) + run);
        const x = await backend.upload({ dtype: 'f32', shape: [count], data });
        uploads.push(x);
        const factor = run % 2 === 0 ? 2 : 7;
        const { y } = await (executables[run % 2] as Executable).run({ x });
        held.push({ tensor: y as DeviceTensor, want: (i) => factor * ((i % 97) + run) + 1 });
      }
      for (const [run, { tensor, want }] of held.entries()) {
        const { data } = await backend.download(tensor);
        const at = data.findIndex((value, i) => value !== want(i));
        if (at === -1) continue;
        return `of ${count} elements, y[${at}] of run ${run} is ${data[at]} after other runs, was ${want(at)}`;
      }
    } finally {
      for (const { tensor } of held) backend.release(tensor);
      for (const tensor of uploads) backend.release(tensor);
      for (const executable of executables) await executable.dispose();
    }
  }
  return undefined;
}

/** y = factor x + 1 */
function affine(count: number, factor: number): Program {
  const builder = new ProgramBuilder('affine');
  builder.output('y', add(mul(builder.input('x', 'f32', [count], 'data'), factor), 1));
  return builder.finish();
}

/** What programs end with that begin alike, and what they give. */
const ENDS: readonly (readonly [
  what: string,
  end: (y: Value) => Value,
  want: readonly number[],
])[] = [
  ['+ 1 at the end', (y) => add(y, 1), [3, 5, 7, 9]],
  ['+ 3 at the end', (y) => add(y, 3), [5, 7, 9, 11]],
  ['- 1 at the end', (y) => sub(y, 1), [1, 3, 5, 7]],
  ['a sum of columns', (y) => sum(y, [0]), [8, 12]],
  ['a sum of rows', (y) => sum(y, [1]), [6, 14]],
  ['the greatest of columns', (y) => maximum(y, [0]), [6, 8]],
];

/** Programs of one name that differ in their last operation, its number, or its attribute. */
export async function alikePrograms(backend: Backend): Promise<string | undefined> {
  const x: HostTensor = { dtype: 'f32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
  const compiled: { readonly executable: Executable; readonly index: number }[] = [];
  try {
    for (const [index, [, end]] of ENDS.entries()) {
      const builder = new ProgramBuilder('alike');
      builder.output('y', end(mul(builder.input('x', 'f32', [2, 2], 'data'), 2)));
      compiled.push({ executable: await backend.compile(builder.finish()), index });
    }
    for (const { executable, index } of compiled) {
      const [what, , want] = ENDS[index] as (typeof ENDS)[number];
      const { y } = await runOnce(backend, executable, { x });
      if (y?.data.join() !== want.join()) return `with ${what}, y is [${y?.data}], not [${want}]`;
    }
    return undefined;
  } finally {
    for (const { executable } of compiled) await executable.dispose();
  }
}

/**
 * Runs each primitive, each composite and a training step of a backend again and again on the same
 * inputs, at the sizes of a model and at full threads, and says where two runs gave different bits:
 * threads that add to one place at a time, sums in the order in which threads end.
 *
 *     npx tsx scripts/repeat.ts onnx                      200 runs of each
 *     npx tsx scripts/repeat.ts onnx --load session       with another executable at the same time
 *     npx tsx scripts/repeat.ts tfjs --load process       with another process at the same time
 *     npx tsx scripts/repeat.ts onnx --only scatter,gather --runs 1000
 *     npx tsx scripts/repeat.ts webgpu --device swiftshader --size small --runs 20
 *
 * Ends with 1 where bits differ and the backend calls itself deterministic. `--load session` does not
 * overlap on tfjs, whose runs hold the only thread of JavaScript.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BACKENDS } from '../backends/registry.js';
import type { Backend, DeviceTensor, Executable, HostTensor, Named } from '../core/backend.js';
import { repeatedComposites } from './repeat/composites.js';
import { repeatedPrimitives } from './repeat/primitives.js';
import { f32, i32, type Repeated, repeated } from './repeat/repeated.js';
import { SIZES } from './repeat/sizes.js';
import { repeatedStep } from './repeat/step.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '200' },
    size: { type: 'string', default: 'real' },
    only: { type: 'string', default: '' },
    load: { type: 'string', default: 'none' },
    device: { type: 'string' },
    'as-load': { type: 'boolean', default: false },
  },
});
const [name = 'onnx'] = positionals;
const sizes = SIZES[values.size === 'small' ? 'small' : 'real'];

/** Products, and rows added to few, to keep all threads busy beside the program that is watched. */
const LOAD = repeated(
  'load',
  [f32(512, 512), i32(4, 1024), f32(1024, 512)],
  ([a, at, b], builder) =>
    a === undefined || at === undefined || b === undefined
      ? []
      : [
          builder.primitive('matmul', [a, a], { transpose_a: false, transpose_b: false }),
          builder.primitive('scatter_add', [at, b], { batch: 0, size: 4 }),
        ],
);

/** Runs one program until it is stopped; the promise of `stop` fails where a run did. */
async function startLoad(backend: Backend): Promise<{ readonly stop: () => Promise<void> }> {
  const executable = await backend.compile(LOAD.program);
  const inputs = await uploaded(backend, LOAD.inputs());
  let stopped = false;
  const loop = async (): Promise<void> => {
    while (!stopped) {
      release(backend, await executable.run(inputs));
      // Backends whose runs are not asynchronous would keep the others from ever running.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const running = loop();
  const stop = async (): Promise<void> => {
    stopped = true;
    await running;
    release(backend, inputs);
    await executable.dispose();
  };
  return { stop };
}

async function uploaded(
  backend: Backend,
  inputs: Named<HostTensor>,
): Promise<Record<string, DeviceTensor>> {
  const handles: Record<string, DeviceTensor> = {};
  for (const [input, tensor] of Object.entries(inputs)) {
    handles[input] = await backend.upload(tensor);
  }
  return handles;
}

function release(backend: Backend, tensors: Named<DeviceTensor>): void {
  for (const tensor of Object.values(tensors)) backend.release(tensor);
}

/** The bytes of every output of one run. Donated inputs are uploaded anew. */
async function run(
  backend: Backend,
  executable: Executable,
  donated: Named<HostTensor>,
  kept: Named<DeviceTensor>,
): Promise<Map<string, Buffer>> {
  const outputs = await executable.run({ ...kept, ...(await uploaded(backend, donated)) });
  const bytes = new Map<string, Buffer>();
  for (const [output, tensor] of Object.entries(outputs)) {
    const { data } = await backend.download(tensor);
    bytes.set(output, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  }
  release(backend, outputs);
  return bytes;
}

/** Prints how many of the runs gave other bits than the first; whether any did. */
async function differences(backend: Backend, each: Repeated, runs: number): Promise<boolean> {
  const { program, donate = {} } = each;
  const executable = await backend.compile(program, { donate });
  const inputs = Object.entries(each.inputs());
  const donated = Object.fromEntries(inputs.filter(([input]) => input in donate));
  const rest = inputs.filter(([input]) => !(input in donate));
  const kept = await uploaded(backend, Object.fromEntries(rest));
  const start = performance.now();
  const first = await run(backend, executable, donated, kept);
  const outputs = new Set<string>();
  let different = 0;
  for (let i = 1; i < runs; i++) {
    const again = await run(backend, executable, donated, kept);
    const changed = [...first].filter(([output, bytes]) => !again.get(output)?.equals(bytes));
    for (const [output] of changed) outputs.add(output);
    if (changed.length > 0) different += 1;
  }
  release(backend, kept);
  await executable.dispose();
  const cells = [
    each.name.padEnd(48),
    each.size.padEnd(44),
    `${runs}`.padStart(5),
    `${different}`.padStart(9),
    ((performance.now() - start) / runs).toFixed(1).padStart(9),
  ];
  console.log(cells.join(' '), [...outputs].slice(0, 3).join(' '));
  return different > 0;
}

const { device } = values;
const backend = await BACKENDS.named(name).open(device === undefined ? {} : { device });
if (values['as-load'])
  await (await startLoad(backend)).stop; // runs until its parent ends it
else {
  const { info } = backend;
  console.log(`${info.name} ${info.version}, ${info.device}; load: ${values.load}`);
  console.log('operation'.padEnd(48), 'size'.padEnd(44), ' runs different ms a run');
  const load = values.load === 'session' ? await startLoad(backend) : undefined;
  const child =
    values.load === 'process'
      ? fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), '--as-load'])
      : undefined;
  const all = [...repeatedPrimitives(sizes), ...repeatedComposites(sizes), repeatedStep(sizes)];
  let found = 0;
  const words = values.only.split(',');
  for (const each of all.filter((one) => words.some((word) => one.name.includes(word)))) {
    if (await differences(backend, each, Number(values.runs))) found += 1;
  }
  child?.kill();
  await load?.stop();
  await backend.dispose();
  console.log(`${found} operations gave different bits; deterministic: ${info.deterministic}`);
  if (found > 0 && info.deterministic) process.exitCode = 1;
}

import { matmul, ProgramBuilder } from '../../spec/program/index.js';
import { WebgpuBackend } from './backend.js';
import { Runtime, type RuntimeOptions } from './device/runtime.js';
import type { MatrixUnit } from './lowering/kernels/matrix-unit.js';

/**
 * Opens a device for programs. Products of f32 go by its matrix units only where those multiply f32 exactly, as WGSL says that
 * they do: that is tried on one product, since a driver may have units of fewer bits behind the name.
 *
 * @throws LacunaError where there is no adapter, or it gives no device.
 */
export async function openRuntime(gpu: GPU, options: RuntimeOptions = {}): Promise<Runtime> {
  const runtime = await Runtime.open(gpu, options);
  const { matrixUnit, factors } = runtime;
  if (matrixUnit === undefined || factors !== 'f32') return runtime;
  if (await multipliesExactly(runtime, matrixUnit)) return runtime;
  await runtime.dispose();
  return Runtime.open(gpu, { ...options, matrixUnits: false });
}

/** Whether numbers that need all 24 bits come out of a product with the identity as they went in, on either side. */
async function multipliesExactly(
  runtime: Runtime,
  { rows, columns, depth }: MatrixUnit,
): Promise<boolean> {
  const edge = Math.max(rows, columns, depth);
  const shape = [edge, edge];
  const builder = new ProgramBuilder('exact');
  const x = builder.input('x', 'f32', shape, 'data');
  const one = builder.input('one', 'f32', shape, 'data');
  builder.output('left', matmul(x, one));
  builder.output('right', matmul(one, x));
  const backend = new WebgpuBackend(runtime, '');
  const executable = await backend.compile(builder.finish());
  const numbers = Float32Array.from({ length: edge * edge }, (_, i) => 1 + (2 * i + 1) * 2 ** -23);
  const identity = numbers.map((_, i) => (i % (edge + 1) === 0 ? 1 : 0));
  const inputs = {
    x: await backend.upload({ dtype: 'f32', shape, data: numbers }),
    one: await backend.upload({ dtype: 'f32', shape, data: identity }),
  };
  const results = Object.values(await executable.run(inputs));
  const found = await Promise.all(results.map((tensor) => backend.download(tensor)));
  for (const tensor of [...results, ...Object.values(inputs)]) backend.release(tensor);
  await executable.dispose();
  return found.every(({ data }) => numbers.every((number, i) => number === data[i]));
}

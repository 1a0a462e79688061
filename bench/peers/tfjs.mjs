// The product of `webgpu-peers.ts` in TensorFlow.js on WebGPU. Its training step is not measured: on a GPU in
// software the product alone is many times slower than that of the others.
import process from 'node:process';
import { measure, numbers, openGpu, require } from './shared.mjs';

const gpu = await openGpu();
globalThis.window = globalThis;
globalThis.document = { createElement: () => ({ getContext: () => null }) };
const tf = require('@tensorflow/tfjs-core');
const { WebGPUBackend } = require('@tensorflow/tfjs-backend-webgpu');
const adapter = await gpu.requestAdapter();
const backend = new WebGPUBackend(await adapter.requestDevice(), adapter.info);
tf.removeBackend('webgpu');
tf.registerBackend('webgpu', () => backend);
await tf.setBackend('webgpu');
await tf.ready();

let sides;
async function product(edge) {
  sides ??= [1, 2].map((seed) => tf.tensor(numbers(edge * edge, 1, seed), [edge, edge]));
  const made = tf.matMul(...sides);
  const corner = tf.slice(made, [edge - 1, edge - 1], [1, 1]);
  await corner.data();
  tf.dispose([made, corner]);
}

await measure('tfjs-backend-webgpu 4.22', { product });
process.exit(0);

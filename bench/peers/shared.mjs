// What the peers share: the step's sizes, its parameters, numbers to fill them with, and the clock.
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';

/** Sizes of the step, from the driver: see `webgpu-peers.ts`. */
export const sizes = JSON.parse(process.env.PEER_SIZES ?? '{}');

/** Loads packages from the folder where the peers were installed. */
export const require = createRequire(path.join(process.env.LACUNA_PEERS ?? '.', 'package.json'));

/** Dawn on the adapter of the environment, as the global that browsers have. */
export async function openGpu() {
  const { create, globals } = require('webgpu');
  Object.assign(globalThis, globals);
  const gpu = create([]);
  const navigator = { gpu, hardwareConcurrency: 2, userAgent: 'node', platform: 'linux' };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  return gpu;
}

/** Reproducible numbers in (-scale, scale). */
export function numbers(count, scale, seed) {
  let noise = seed * 7919 + 1;
  return Float32Array.from({ length: count }, () => {
    noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
    return (noise / 2 ** 31 - 1) * scale;
  });
}

/** Names and shapes of all parameters; vectors of gains begin at one. */
export function parameters({ patch, width, depth, decoder, decoderDepth, shared }) {
  const block = (name, w) => [
    [`${name}ln1.g`, [w], 1],
    [`${name}ln1.b`, [w], 0],
    [`${name}qkv.w`, [w, 3 * w]],
    [`${name}qkv.b`, [3 * w], 0],
    [`${name}proj.w`, [w, w]],
    [`${name}proj.b`, [w], 0],
    [`${name}ln2.g`, [w], 1],
    [`${name}ln2.b`, [w], 0],
    [`${name}fc1.w`, [w, 4 * w]],
    [`${name}fc1.b`, [4 * w], 0],
    [`${name}fc2.w`, [4 * w, w]],
    [`${name}fc2.b`, [w], 0],
  ];
  const list = [
    ['patch.w', [patch, width]],
    ['patch.b', [width], 0],
    ...Array.from({ length: depth }, (_, i) => block(`encoder${i}.`, width)).flat(),
    ['norm.g', [width], 1],
    ['norm.b', [width], 0],
    ['narrow.w', [width, decoder]],
    ['mask', [decoder]],
    ...Array.from({ length: decoderDepth }, (_, i) => block(`decoder${i}.`, decoder)).flat(),
    ['last.g', [decoder], 1],
    ['last.b', [decoder], 0],
    ['head.w', [decoder, patch]],
    ['head.b', [patch], 0],
    ['project1.w', [width, width]],
    ['project2.w', [width, shared]],
    ['project2.b', [shared], 0],
  ];
  return list.map(([name, shape, value], seed) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const data =
      value === undefined ? numbers(count, 0.04, seed) : new Float32Array(count).fill(value);
    return { name, shape, data };
  });
}

/** Runs what takes a turn and gives the loss or a rate, as lines of JSON for the driver. */
export async function measure(engine, { product, step }) {
  const say = (line) => console.log(JSON.stringify({ engine, ...line }));
  const { edge, steps } = sizes;
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 4; run++) {
    const start = performance.now();
    await product(edge);
    if (run > 0) best = Math.min(best, performance.now() - start);
  }
  say({ edge, productGflopsPerSecond: (2 * edge ** 3) / best / 1e6 });
  if (step === undefined) return;
  const milliseconds = [];
  let loss = Number.NaN;
  for (let run = 0; run < steps + 2; run++) {
    const start = performance.now();
    loss = await step();
    if (run > 1) milliseconds.push(performance.now() - start);
  }
  say({ milliseconds, loss });
}

/**
 * The tiny joint step of `lacuna bench`, and a plain matrix product, beside jax-js on the same WebGPU
 * adapter, and the product beside TensorFlow.js on it; in turns, so that what else the machine does
 * falls on all of them.
 *
 *   npm install --ignore-scripts --prefix /tmp/peers @jax-js/jax@0.1.25 webgpu@0.6.2 \
 *     @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0 @tensorflow/tfjs-backend-webgpu@4.22.0
 *   npm run build
 *   LACUNA_PEERS=/tmp/peers npx tsx bench/webgpu-peers.ts [--device swiftshader|gpu] [--rounds 3]
 *     [--steps 2] [--edge 512] [--engines lacuna,jax-js,tfjs]
 *   LACUNA_PEERS=/tmp/peers scripts/mesa.sh npx tsx bench/webgpu-peers.ts --device gpu     on lavapipe
 *
 * Each engine runs in a process of its own. The peers' steps are in `bench/peers`; they take cubes,
 * positions and targets that are made before, where ours makes them of frames in the step. Prints for
 * each engine the best product and the best median step over the rounds.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { softwareFolder } from '../backends/webgpu/device/dawn.js';
import { problemNamed } from '../core/measure/problem.js';
import { clipTokens, type ModelConfig } from '../spec/index.js';

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'swiftshader' },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '2' },
    edge: { type: 'string', default: '512' },
    engines: { type: 'string', default: 'lacuna,jax-js,tfjs' },
  },
});

/** What an engine's process prints, line by line. */
interface Line {
  readonly productGflopsPerSecond?: number;
  readonly milliseconds?: readonly number[];
}

const here = fileURLToPath(new URL('.', import.meta.url));
const problem = problemNamed('tiny');

function peerSizes({ video, encoder, mae }: ModelConfig): object {
  const { decoder } = mae as NonNullable<typeof mae>;
  return {
    batch: problem.shape.batch,
    visible: problem.shape.visible,
    tokens: clipTokens(video),
    patch: video.tubelet * video.patch ** 2 * 3,
    width: encoder.width,
    heads: encoder.heads,
    depth: encoder.depth,
    decoder: decoder.width,
    decoderHeads: decoder.heads,
    decoderDepth: decoder.depth,
    shared: 512,
    temperature: 0.1,
    edge: Number(values.edge),
    steps: Number(values.steps),
  };
}

function run(engine: string): readonly Line[] {
  const { device, steps, edge } = values;
  const own = ['dist/cli/main.js', 'bench', '--backend', 'webgpu', '--device', device, '--json'];
  const args =
    engine === 'lacuna'
      ? [...own, '--steps', steps, '--edge', edge].map((arg, i) =>
          i === 0 ? join(here, '..', arg) : arg,
        )
      : [join(here, 'peers', `${engine}.mjs`)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    env: {
      ...process.env,
      PEER_SIZES: JSON.stringify(peerSizes(problem.config)),
      ...adapter(engine),
    },
    encoding: 'utf8',
    timeout: 600_000,
  });
  if (status !== 0) {
    console.log(`${engine} failed: ${stderr.trim().split('\n').slice(-3).join(' ')}`);
    return [];
  }
  // Ours is one object over many lines.
  const objects =
    engine === 'lacuna' ? [stdout] : stdout.split('\n').filter((line) => line.startsWith('{'));
  return objects.map((text) => JSON.parse(text) as Line);
}

/** Shows a peer the same adapter that we take. */
function adapter(engine: string): Readonly<Record<string, string>> {
  if (engine === 'lacuna' || values.device !== 'swiftshader') return {};
  const folder = softwareFolder();
  return {
    VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json'),
    LD_LIBRARY_PATH: folder,
  };
}

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;

const engines = values.engines.split(',');
const products = new Map<string, number>();
const steps = new Map<string, number>();
for (let round = 0; round < Number(values.rounds); round++) {
  for (const engine of engines) {
    for (const { productGflopsPerSecond: rate, milliseconds } of run(engine)) {
      if (rate !== undefined) products.set(engine, Math.max(products.get(engine) ?? 0, rate));
      if (milliseconds === undefined) continue;
      const time = median(milliseconds);
      steps.set(engine, Math.min(steps.get(engine) ?? Number.POSITIVE_INFINITY, time));
      console.log(`round ${round + 1}: ${engine} ${time.toFixed(0)} ms a step`);
    }
  }
}
console.log(
  `\n${'engine'.padEnd(10)} ${`GFLOP/s, ${values.edge} cubed`.padStart(20)} ${'ms a step'.padStart(12)}`,
);
for (const engine of engines) {
  const rate = products.get(engine)?.toFixed(2) ?? '-';
  const time = steps.get(engine)?.toFixed(0) ?? '-';
  console.log(`${engine.padEnd(10)} ${rate.padStart(20)} ${time.padStart(12)}`);
}

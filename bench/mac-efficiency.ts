/**
 * What masking saves in MAC: steps of `mac-vitb` with 60 % of the tokens masked beside steps with none;
 * with divided attention and the same places masked in all frames, and with joint attention and
 * places of each frame's own. FLOPs by count, the time of a step at equal batch, and clips a second at
 * equal memory: the masked batch is the largest whose predicted peak is not above the unmasked one's.
 *
 *   npx tsx bench/mac-efficiency.ts [--backends onnx,tfjs,webgpu] [--size base|small|tiny] [--batch 2]
 *     [--steps 3] [--threads 2] [--device swiftshader]
 *
 * Numbers are made up, no videos are read. Prints a line of JSON for each backend and attention.
 */
import { parseArgs } from 'node:util';
import { ONNX } from '../backends/onnx/index.js';
import { TFJS } from '../backends/tfjs/index.js';
import { WEBGPU } from '../backends/webgpu/index.js';
import type { Backend, HostTensor } from '../core/backend.js';
import { matmulFlops } from '../core/measure/matmul-flops.js';
import { planMemory } from '../core/measure/plan-memory.js';
import { inputMaker } from '../core/measure/problem.js';
import { PlanRunner, trainingPlan } from '../core/plan/index.js';
import {
  clipTokens,
  elementCount,
  gridOf,
  type ModelConfig,
  maskCounts,
  presetNamed,
  pretrainingModel,
} from '../spec/index.js';

const { values } = parseArgs({
  options: {
    backends: { type: 'string', default: 'onnx' },
    size: { type: 'string', default: 'base' },
    batch: { type: 'string', default: '2' },
    steps: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    device: { type: 'string', default: 'swiftshader' },
  },
});

const MAC = presetNamed('mac-vitb');
const SIZES = {
  base: { width: 768, heads: 12 },
  small: { width: 384, heads: 6 },
  tiny: { width: 192, heads: 3 },
} as const;
/** With the mask that each is for: divided attention needs the same places in all frames. */
const ATTENTIONS = { divided: 'tube', joint: 'random-per-slot' } as const;
const FRAMES = clipTokens(MAC.video);

function configOf(attention: keyof typeof ATTENTIONS): ModelConfig {
  const sizes = SIZES[values.size as keyof typeof SIZES];
  if (sizes === undefined) throw new Error(`--size is one of ${Object.keys(SIZES).join(', ')}`);
  const text = { ...MAC.text, ...sizes, vocabulary: MAC.vocabulary };
  return {
    video: MAC.video,
    encoder: { ...MAC.encoder, ...sizes, attention },
    contrastive: { ...MAC.contrastive, text },
  };
}

/** FLOPs of the forward products of one clip, of the video's side alone: a frozen text costs nothing. */
function videoFlops(config: ModelConfig, visible: number): number {
  const { contrastive } = config;
  if (contrastive === undefined) throw new Error('MAC has a contrastive objective');
  const text = { frozen: true, width: 1 } as const;
  const alone = { ...config, contrastive: { ...contrastive, text } };
  return matmulFlops(pretrainingModel(alone, { batch: 1, visible }).program);
}

async function open(name: string): Promise<Backend> {
  if (name === 'onnx') return ONNX.open({ device: 'cpu', threads: Number(values.threads) });
  if (name === 'tfjs') return TFJS.open({ device: 'cpu' });
  if (name === 'webgpu') return WEBGPU.open({ device: values.device });
  throw new Error(`--backends has onnx, tfjs and webgpu; got ${name}`);
}

function predictedPeak(
  backend: Backend,
  config: ModelConfig,
  batch: number,
  visible: number,
): number {
  const { memory } = backend.info;
  if (memory === undefined)
    throw new Error(`${backend.info.name} does not say how it keeps memory`);
  return planMemory(trainingPlan(config, { batch, visible }), memory).peak;
}

/** The largest batch of masked clips in the memory of `batch` unmasked ones. */
function batchInMemory(
  backend: Backend,
  config: ModelConfig,
  batch: number,
  visible: number,
): number {
  const limit = predictedPeak(backend, config, batch, FRAMES);
  let most = batch;
  while (predictedPeak(backend, config, most + 1, visible) <= limit) most += 1;
  return most;
}

/** A step that can be repeated. */
async function opened(backend: Backend, config: ModelConfig, batch: number, visible: number) {
  const plan = trainingPlan(config, { batch, visible });
  const make = inputMaker({ batch, visible });
  const feeds: Record<string, HostTensor> = {};
  for (const input of plan.programs.step?.inputs ?? []) {
    const { name, dtype, shape } = input;
    const full = Int32Array.from({ length: elementCount(shape) }, () => MAC.text.length);
    feeds[name] = name === 'text.lengths' ? { dtype, shape, data: full } : make(input);
  }
  const made = ({ name }: { readonly name: string }): HostTensor => feeds[name] as HostTensor;
  const runner = await PlanRunner.open(backend, plan, made, made);
  const seconds = async (): Promise<number> => {
    const start = performance.now();
    const { loss } = await runner.step(feeds);
    const took = (performance.now() - start) / 1000;
    console.error(
      `${backend.info.name}: ${batch} clips, ${visible} tokens: loss ${loss?.toFixed(3)}, ${took.toFixed(2)} s`,
    );
    return took;
  };
  await seconds(); // the first comes with memory that was never touched
  return { seconds, dispose: () => runner.dispose() };
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

/** Median seconds of a step. One program is open at a time: two at the size of ViT-B fill 24 GB. */
async function secondsOf(
  backend: Backend,
  config: ModelConfig,
  batch: number,
  visible: number,
): Promise<number> {
  const step = await opened(backend, config, batch, visible);
  const took: number[] = [];
  for (let i = 0; i < Number(values.steps); i++) took.push(await step.seconds());
  await step.dispose();
  return median(took);
}

const batch = Number(values.batch);
for (const name of values.backends.split(',')) {
  for (const [attention, kind] of Object.entries(ATTENTIONS)) {
    const backend = await open(name);
    const config = configOf(attention as keyof typeof ATTENTIONS);
    const { visible } = maskCounts({ ...MAC.mask, kind }, gridOf(MAC.video));
    const larger = batchInMemory(backend, config, batch, visible);
    const whole = await secondsOf(backend, config, batch, FRAMES);
    const equal = await secondsOf(backend, config, batch, visible);
    const inMemory = await secondsOf(backend, config, larger, visible);
    const share = videoFlops(config, visible) / videoFlops(config, FRAMES);
    console.log(
      JSON.stringify({
        backend: name,
        device: backend.info.device,
        size: values.size,
        attention,
        mask: kind,
        tokens: FRAMES,
        visible,
        flopsOffPercent: +(100 * (1 - share)).toFixed(1),
        equalBatch: {
          batch,
          unmaskedSeconds: +whole.toFixed(2),
          maskedSeconds: +equal.toFixed(2),
          times: +(whole / equal).toFixed(2),
        },
        equalMemory: {
          unmaskedBatch: batch,
          maskedBatch: larger,
          predictedMiB: Math.round(predictedPeak(backend, config, batch, FRAMES) / 2 ** 20),
          clipsPerSecond: [+(batch / whole).toFixed(3), +(larger / inMemory).toFixed(3)],
          times: +(((larger / inMemory) * whole) / batch).toFixed(2),
        },
      }),
    );
    await backend.dispose();
  }
}

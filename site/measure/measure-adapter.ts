import { WebgpuBackend } from '../../backends/webgpu/backend.js';
import { kernelLimits, type Runtime } from '../../backends/webgpu/device/runtime.js';
import { openRuntime } from '../../backends/webgpu/open-runtime.js';
import { tilingText } from '../../backends/webgpu/tuning/candidates.js';
import { searchTilings } from '../../backends/webgpu/tuning/search.js';
import type { Precision } from '../../core/backend.js';
import type { AdapterReport, AdapterResult } from '../../core/measure/adapter-report.js';
import { measureSteps } from '../../core/measure/measure-step.js';
import { copyProbe, type ProductShape, productProbe } from '../../core/measure/probes.js';
import { problemNamed } from '../../core/measure/problem.js';
import { steadyTime } from '../../core/measure/steady-time.js';
import { clockStep } from './clock-step.js';

/** What is measured of an adapter. */
export interface Measurements {
  readonly precisions: readonly Precision[];
  readonly products: readonly ProductShape[];
  /** Sizes of copies in 2^20 bytes. */
  readonly copies: readonly number[];
  /** Training steps by the names of their sizes (`PROBLEMS`). */
  readonly steps: readonly string[];
  /** Clips of a step. @defaultValue those of the size */
  readonly batch?: number;
  /** Whether ways to cut products up are compared. */
  readonly tilings: boolean;
}

export interface Listener {
  /** What is under way, in words. */
  readonly onProgress: (doing: string) => void;
  /** The report as far as it is. */
  readonly onReport: (report: AdapterReport) => void;
  /** A sentence about what was left out. */
  readonly onNote: (sentence: string) => void;
  /** Ends it between two runs. */
  readonly signal: AbortSignal;
}

/** Seconds that one run of a product may be expected to take: a larger one is left out. */
const MOST_SECONDS = 2;
const STEPS = 3;
/** Milliseconds that the steps take together at least. */
const STEP_TIME = 1000;

/**
 * Measures an adapter, one precision after the other, and tells of the report whenever it has grown.
 *
 * @throws The signal's reason, once it is aborted; LacunaError where the device fails.
 */
export async function measureAdapter(
  gpu: GPU,
  browser: string,
  wanted: Measurements,
  listener: Listener,
): Promise<AdapterReport> {
  let report: AdapterReport | undefined;
  if (wanted.tilings && !wanted.precisions.includes('f32')) {
    listener.onNote('Ways to cut products up were left out: they are compared in f32.');
  }
  for (const precision of wanted.precisions) {
    const runtime = await openRuntime(gpu, { precision });
    const backend = new WebgpuBackend(runtime, browser);
    try {
      report ??= emptyReport(runtime, browser);
      if (runtime.factors === 'quantized' && runtime.matrixUnit === undefined) {
        listener.onNote('Mixed precision was left out: this adapter has no f16 in kernels.');
        continue;
      }
      await measurePrecision(backend, precision, wanted, report, listener);
    } finally {
      await backend.dispose();
    }
  }
  if (report === undefined) throw new Error('no precision was asked for');
  return report;
}

/** Features and limits are the adapter's: a device has those alone that it was asked for. */
function emptyReport(
  { description, isSoftware, adapter }: Runtime,
  browser: string,
): AdapterReport {
  const features = [...adapter.features].sort();
  const limits = kernelLimits(adapter.limits);
  return {
    format: 'lacuna-adapter/1',
    browser,
    adapter: { description: description.slice(0, 300), isSoftware, features, limits },
    clockMilliseconds: clockStep(),
    results: [],
    tilings: [],
  };
}

/** Adds to the report what is measured, as soon as it is. */
async function measurePrecision(
  backend: WebgpuBackend,
  precision: Precision,
  wanted: Measurements,
  report: AdapterReport,
  { onProgress, onReport, onNote, signal }: Listener,
): Promise<void> {
  const { runtime, tiling } = backend;
  const result: AdapterResult = {
    precision,
    factors: runtime.productsInWords,
    tiling: tilingText(tiling.product),
    ...{ products: [], copies: [], steps: [] },
  };
  report.results.push(result);
  let rate = 0;
  for (const shape of wanted.products) {
    const probe = productProbe(shape);
    const name = `${precision}: product of ${shape.join(' x ')}`;
    if (rate > 0 && probe.flops / rate / 1000 > MOST_SECONDS) {
      onNote(`${name} was left out: a run would take ${(probe.flops / rate / 1000).toFixed(0)} s.`);
      continue;
    }
    onProgress(name);
    const milliseconds = await steadyTime(backend, probe, { signal });
    rate = Math.max(rate, probe.flops / milliseconds);
    result.products.push({ shape: [...shape], milliseconds });
    onReport(report);
  }
  // Copies are of f32 in every precision: once is enough.
  for (const megabytes of precision === wanted.precisions[0] ? wanted.copies : []) {
    onProgress(`copy of ${megabytes} MiB`);
    const milliseconds = await steadyTime(backend, copyProbe(megabytes), { signal });
    result.copies.push({ megabytes, milliseconds });
    onReport(report);
  }
  for (const size of wanted.steps) {
    const problem = problemNamed(size, wanted.batch);
    onProgress(`${precision}: step of ${size}, compiling`);
    const { milliseconds, gflop, compileSeconds } = await measureSteps(backend, problem, {
      ...{ steps: STEPS, least: STEP_TIME, signal },
      onProgress: (line) => onProgress(`${precision}: step of ${size}: ${line}`),
    });
    const total = milliseconds.reduce((sum, each) => sum + each, 0);
    const counted = { steps: milliseconds.length, milliseconds: total / milliseconds.length };
    const { batch } = problem.shape;
    result.steps.push({ size, batch, gflop, ...counted, compileSeconds });
    onReport(report);
  }
  if (!wanted.tilings || precision !== 'f32') return;
  if (runtime.matrixUnit !== undefined) {
    onNote('Ways to cut products up were left out: here matrix units multiply f32.');
    return;
  }
  const found = await searchTilings(runtime, report.browser, tiling, (compared) => {
    const rate = `${compared.gflopsPerSecond.toFixed(1)} GFLOP/s`;
    onProgress(`ways to cut products up: ${tilingText(compared.tiling)}, ${compared.of}: ${rate}`);
    signal.throwIfAborted();
  });
  for (const { tiling: way, gflopsPerSecond } of found) {
    report.tilings.push({ tiling: tilingText(way), gflopsPerSecond });
  }
  onReport(report);
}

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import {
  searchTilings,
  type Timed,
  tilingFile,
  tilingText,
  WebgpuBackend,
  writeTiling,
} from '../../backends/webgpu/index.js';
import type { Backend, KernelSourceText, KernelTime } from '../../core/backend.js';
import { type Measured, measureStep } from '../../core/measure/measure-step.js';
import { PROBLEMS, problemNamed } from '../../core/measure/problem.js';
import { LacunaError } from '../../spec/index.js';
import { writeAdaptersPage } from '../adapters/adapters-page.js';
import { openBackend } from '../open-backend.js';
import {
  type BackendFlags,
  backendConfig,
  withBackendOptions,
} from '../options/backend-options.js';
import { jsonOption, printJson } from '../options/json-option.js';
import { wholeNumber } from '../whole-number.js';

interface BenchFlags extends BackendFlags {
  readonly size: string;
  readonly batch?: number;
  readonly steps: number;
  readonly edge: number;
  readonly peak?: number;
  readonly profile?: boolean;
  readonly dump?: string;
  readonly json?: boolean;
  readonly tune?: boolean;
  readonly page?: readonly string[];
  readonly out?: string;
}

export function benchCommand(): Command {
  const command = new Command('bench').description(
    'Measures a training step, as a share of what the device reaches in one product.',
  );
  return withBackendOptions(command)
    .option('--size <name>', `the step: ${Object.keys(PROBLEMS).join(', ')}`, 'tiny')
    .option('--batch <n>', 'clips of a step, where not those of the size', wholeNumber(1, 999_999))
    .option('--steps <n>', 'steps that count, after two that do not', wholeNumber(1, 999_999), 5)
    .option('--edge <n>', 'rows and columns of the product', wholeNumber(1, 999_999), 1024)
    .option(
      '--peak <gflops>',
      "what the device's maker says it reaches, GFLOP/s: a slow product flatters a step",
      wholeNumber(1, 999_999_999),
    )
    .option(
      '--profile',
      'a table of where the time of a step goes, kernel by kernel, with GB/s and GFLOP/s (webgpu)',
    )
    .option('--dump <folder>', 'write the kernels there, one file each')
    .option('--tune', 'measure how products are best cut up on this adapter, and keep it (webgpu)')
    .option(
      '--page <measure.json...>',
      'one page of reports that the page Measure of lacuna serve gave, written to --out; measures nothing',
    )
    .option('--out <file>', 'with --page: the page (default: adapters.html)')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna bench --size small
  $ lacuna bench --backend webgpu --profile --dump kernels
  $ lacuna bench --backend webgpu --size base --batch 32 --peak 82600
  $ lacuna bench --backend webgpu --tune
  $ lacuna bench --page phone.json laptop.json --out adapters.html`,
    )
    .action(run);
}

async function run(flags: BenchFlags): Promise<void> {
  if (flags.page !== undefined) {
    const told = await writeAdaptersPage(flags.page, flags.out ?? 'adapters.html');
    if (flags.json === true) printJson(told.result);
    else console.log(told.text);
    return;
  }
  const problem = problemNamed(flags.size, flags.batch);
  if (flags.tune === true && flags.precision === 'mixed') {
    throw new LacunaError({
      where: '--tune',
      what: 'only tiles of products in f32 are measured',
      fix: 'Leave out --precision.',
    });
  }
  const backend = await openBackend({ backend: backendConfig(flags) });
  console.error(`${backend.info.name} ${backend.info.version}, ${backend.info.device}`);
  if (flags.tune === true) return tune(backend, flags.json === true);
  const measured = await measureStep(backend, problem, {
    steps: flags.steps,
    edge: flags.edge,
    profile: flags.profile === true,
    onProgress: (line) => console.error(line),
  });
  if (flags.dump !== undefined) await dump(flags.dump, measured.sources);
  if (flags.json === true) printJson(figures(measured, flags));
  else {
    if (flags.profile === true) console.log(kernelTable(measured.kernels));
    console.log(summary(measured, flags.peak));
  }
  await backend.dispose();
}

/** Times of products scatter by less where nothing else runs. */
const WORTH_KEEPING = 1.05;

/** Measures tilings and keeps the fastest for all runs to come on this adapter, where it is clearly faster. */
async function tune(backend: Backend, isJson: boolean): Promise<void> {
  if (!(backend instanceof WebgpuBackend)) {
    const where = backend.info.name;
    await backend.dispose();
    throw new LacunaError({ where, what: 'only webgpu has tilings to measure' });
  }
  const { runtime, info, tiling } = backend;
  const line = ({ tiling: each, gflopsPerSecond }: Timed): string =>
    `${gflopsPerSecond.toFixed(2).padStart(10)} GFLOP/s  ${tilingText(each)}`;
  const found = await searchTilings(runtime, info.version, tiling, (compared) => {
    console.error(`${compared.of.padEnd(17)} ${line(compared)}`);
  });
  const [best] = found as readonly [Timed];
  const inUse = found.find(
    (each) => tilingText(each.tiling) === tilingText(tiling.product),
  ) as Timed;
  const isNew = best.gflopsPerSecond > WORTH_KEEPING * inUse.gflopsPerSecond;
  if (isNew) await writeTiling(runtime.description, best.tiling);
  const { description: adapter } = runtime;
  if (isJson) printJson({ adapter, file: tilingFile(), fastest: best, inUse });
  else {
    console.log(`fastest  ${line(best)}`);
    console.log(`in use   ${line(inUse)}`);
    console.log(
      isNew
        ? `${adapter} takes the fastest from now on: ${tilingFile()}`
        : `${adapter} goes on with what is in use: none is faster by a twentieth`,
    );
  }
  await backend.dispose();
}

function figures(measured: Measured, { size, edge, ...flags }: BenchFlags): object {
  const { compileSeconds, gflop, productGflopsPerSecond } = measured;
  const rate = gflop / (median(measured.milliseconds) / 1000);
  return {
    backend: backendConfig(flags).name,
    size,
    edge,
    compileSeconds,
    gflop,
    milliseconds: measured.milliseconds,
    gflopsPerSecond: rate,
    productGflopsPerSecond,
    shareOfProduct: rate / productGflopsPerSecond,
    ...(flags.peak === undefined ? {} : { peak: flags.peak, shareOfPeak: rate / flags.peak }),
    ...(flags.profile === true ? { kernels: measured.kernels } : {}),
  };
}

function summary(
  { milliseconds, gflop, productGflopsPerSecond, compileSeconds }: Measured,
  peak?: number,
): string {
  const time = median(milliseconds);
  const rate = gflop / (time / 1000);
  const share = (100 * rate) / productGflopsPerSecond;
  const ofPeak = peak === undefined ? '' : `, ${((100 * rate) / peak).toFixed(1)} % of the peak`;
  return `${time.toFixed(0)} ms a step of ${gflop.toFixed(1)} GFLOP: ${rate.toFixed(1)} GFLOP/s, ${share.toFixed(0)} % of the product's ${productGflopsPerSecond.toFixed(1)}${ofPeak}; compiled in ${compileSeconds.toFixed(1)} s`;
}

/** The kernels that take longest. */
function kernelTable(kernels: readonly KernelTime[]): string {
  if (kernels.length === 0) return 'This backend does not tell what its kernels take.';
  const total = kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const slowest = [...kernels].sort((a, b) => b.milliseconds - a.milliseconds).slice(0, 40);
  const lines = slowest.map(({ label, milliseconds, bytes, flops }) => {
    const share = ((100 * milliseconds) / total).toFixed(1);
    const rate = (amount: number): string =>
      amount === 0 ? '' : (amount / milliseconds / 1e6).toFixed(2);
    const rates = `${rate(bytes).padStart(9)} ${rate(flops).padStart(9)}`;
    return `${milliseconds.toFixed(3).padStart(10)} ${share.padStart(5)} % ${rates}  ${short(label)}`;
  });
  return [
    `${kernels.length} kernels, ${total.toFixed(1)} ms on the device; the slowest:`,
    '        ms   share      GB/s   GFLOP/s  makes',
    ...lines,
  ].join('\n');
}

async function dump(folder: string, sources: readonly KernelSourceText[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [index, { label, text }] of sources.entries()) {
    const name = label.replaceAll(/[^\w.]+/g, '-').slice(0, 80);
    await writeFile(join(folder, `${String(index).padStart(4, '0')}-${name}.wgsl`), text);
  }
  console.error(`${sources.length} kernels in ${folder}`);
}

function short(label: string): string {
  return label.length <= 90 ? label : `${label.slice(0, 87)}...`;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

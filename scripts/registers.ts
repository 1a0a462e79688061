import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { softwareFolder } from '../backends/webgpu/device/dawn.js';
import type { Kernel } from '../backends/webgpu/lowering/kernel.js';
import { type Counted, countedStep } from '../backends/webgpu/testing/counted-step.js';

/**
 * Has AMD's compiler in Mesa (RADV) compile every kernel of the steps that `lowering/cost.test.ts` counts, for a GPU
 * that is not there, and says what registers they take:
 *
 *     npx tsx scripts/registers.ts                  both steps, an RX 6800 (navi21): some minutes
 *     npx tsx scripts/registers.ts --step mac --chip navi10
 *     npx tsx scripts/registers.ts --kind attention --kind join    kernels of these kinds alone
 *     npx tsx scripts/registers.ts --driver /usr/lib/x86_64-linux-gnu/libvulkan_radeon.so
 *
 * 1. Dawn writes each kernel as SPIR-V (on SwiftShader, which it compiles them for, too);
 * 2. the driver compiles that on its null device and tells its statistics (`registers/statistics.c`).
 *
 * Needs, of Debian: mesa-vulkan-drivers, libvulkan-dev, spirv-tools and gcc. Ends with 1 where a kernel spills.
 */
const { values } = parseArgs({
  options: {
    step: { type: 'string' },
    kind: { type: 'string', multiple: true },
    chip: { type: 'string', default: 'navi21' },
    driver: { type: 'string', default: '/usr/lib/x86_64-linux-gnu/libvulkan_radeon.so' },
    dump: { type: 'string' },
  },
});
const STEPS: readonly Counted[] = ['tgm', 'mac'];

/** The kernels of a step that differ, of the kinds that are asked for, in order. */
function kernelsOf(step: Counted): readonly Kernel[] {
  const all = countedStep(step)
    .lowered.kernels.filter(({ kind }) => values.kind?.includes(kind) ?? true)
    .map((kernel) => [kernel.code, kernel] as const);
  return [...new Map([...all].reverse()).values()].reverse();
}

if (values.dump !== undefined) await dump(values.dump as Counted);
else process.exitCode = check(STEPS.filter((step) => step === (values.step ?? step)));

/** Compiles a step's kernels by a Dawn that prints them; a line of ours before each. */
async function dump(step: Counted): Promise<never> {
  const folder = softwareFolder();
  const module: { exports: unknown } = { exports: {} };
  process.dlopen(module, join(folder, 'dawn.node'));
  const { create } = module.exports as { create(flags: readonly string[]): GPU };
  // Held to the end: Dawn answers nothing more once it was collected.
  const gpu = create(['backend=vulkan', 'enable-dawn-features=dump_shaders']);
  const adapter = await gpu.requestAdapter();
  if (adapter === null) throw new Error('Dawn has no adapter');
  const { maxStorageBuffersPerShaderStage, maxComputeWorkgroupStorageSize } = adapter.limits;
  const { maxComputeInvocationsPerWorkgroup } = adapter.limits;
  const device = await adapter.requestDevice({
    requiredFeatures: adapter.features.has('subgroups') ? ['subgroups' as GPUFeatureName] : [],
    requiredLimits: {
      maxStorageBuffersPerShaderStage,
      maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup,
    },
  });
  for (const [at, { code }] of kernelsOf(step).entries()) {
    console.log(`KERNEL ${at}`);
    const compute = { module: device.createShaderModule({ code }), entryPoint: 'main' };
    await device.createComputePipelineAsync({ layout: 'auto', compute });
  }
  device.destroy();
  void gpu;
  process.exit(0);
}

interface Registers {
  readonly kernel: Kernel;
  readonly numbers: ReadonlyMap<string, number>;
}

function check(steps: readonly Counted[]): number {
  if (steps.length === 0) throw new Error(`--step is one of ${STEPS.join(', ')}`);
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-registers-'));
  try {
    const program = join(folder, 'statistics');
    const source = join(import.meta.dirname, 'registers', 'statistics.c');
    execFileSync('cc', ['-O1', '-o', program, source, '-ldl'], { stdio: 'inherit' });
    const found = steps.flatMap((step) => {
      const all = compiled(step, folder, program);
      console.log(table(step, all));
      return all;
    });
    const spilled = found.filter(({ numbers }) => spills(numbers) > 0);
    for (const { kernel, numbers } of spilled) {
      console.log(`${kernel.label} spills ${spills(numbers)} registers`);
    }
    console.log(`${found.length} kernels, ${spilled.length} of which spill`);
    return spilled.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compiled(step: Counted, folder: string, program: string): readonly Registers[] {
  const kernels = kernelsOf(step);
  console.error(`${step}: Dawn compiles ${kernels.length} kernels ...`);
  const software = join(softwareFolder(), 'vk_swiftshader_icd.json');
  const kinds = (values.kind ?? []).flatMap((kind) => ['--kind', kind]);
  const own = [...process.execArgv, import.meta.filename, '--dump', step, ...kinds];
  const { stdout, stderr, status } = spawnSync(process.execPath, own, {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    env: { ...process.env, VK_DRIVER_FILES: software, VK_ICD_FILENAMES: software },
  });
  if (status !== 0) throw new Error(`Dawn ended with ${status}: ${stderr.slice(-2000)}`);
  const [, ...texts] = stdout.split(/^KERNEL /m);
  const shaders = texts.map((text, at) => {
    const assembly =
      /\/\* Dumped SPIRV disassembly \*\/\n([\s\S]*?)(?=\n\s*info:|$(?![\s\S]))/.exec(text);
    if (assembly === null) throw new Error(`Dawn wrote no SPIR-V of kernel ${at}`);
    const file = join(folder, `${step}-${at}`);
    writeFileSync(`${file}.asm`, `${assembly[1]}\n`);
    execFileSync('spirv-as', ['--target-env', 'spv1.4', `${file}.asm`, '-o', `${file}.spv`]);
    return `${file}.spv`;
  });
  const answer = execFileSync(program, [values.driver, ...shaders], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, RADV_FORCE_FAMILY: values.chip },
  });
  const [device = '', ...each] = answer.split(/^shader .*\n/m);
  console.error(`${step}: ${device.trim()}`);
  if (each.length !== kernels.length) {
    throw new Error(`the driver tells of ${each.length} of ${kernels.length} kernels`);
  }
  return each.map((lines, at) => ({
    kernel: kernels[at] as Kernel,
    numbers: new Map(
      lines.split('\n').map((line) => {
        const end = line.lastIndexOf(' ');
        return [line.slice(0, end), Number(line.slice(end + 1))] as const;
      }),
    ),
  }));
}

function spills(numbers: ReadonlyMap<string, number>): number {
  return told(numbers, 'Spilled VGPRs') + told(numbers, 'Spilled SGPRs');
}

function told(numbers: ReadonlyMap<string, number>, name: string): number {
  const number = numbers.get(name);
  if (number === undefined) throw new Error(`the driver does not tell "${name}"`);
  return number;
}

/** Of each kind the most registers and workgroup memory, and the fewest waves that a SIMD holds. */
function table(step: Counted, all: readonly Registers[]): string {
  const of = (registers: readonly Registers[], name: string): readonly number[] =>
    registers.map(({ numbers }) => told(numbers, name));
  const kinds = [...new Set(all.map(({ kernel }) => kernel.kind))];
  const rows = kinds.map((kind) => {
    const own = all.filter(({ kernel }) => kernel.kind === kind);
    const [most, memory] = [of(own, 'VGPRs'), of(own, 'LDS size')].map((x) => Math.max(...x));
    const waves = Math.min(...of(own, 'Subgroups per SIMD'));
    const spilled = own.filter(({ numbers }) => spills(numbers) > 0).length;
    return `| ${kind} | ${own.length} | ${most} | ${memory} | ${waves} | ${spilled} |`;
  });
  return [
    `| ${step} | kernels | registers, at most | workgroup memory, bytes | waves a SIMD, at least | spill |`,
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

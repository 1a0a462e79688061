/// <reference types="@webgpu/types" />
import type {
  DeviceTensor,
  Executable,
  KernelSourceText,
  KernelTime,
  Named,
} from '../../core/backend.js';
import { checkedInputs } from '../../core/check-run.js';
import type { LiveTensors } from '../../core/held-tensor.js';
import { declarations } from '../../core/passes/rewrite.js';
import { LacunaError } from '../../spec/errors.js';
import type { Program, TensorType } from '../../spec/program/index.js';
import { KernelClock } from './device/kernel-times.js';
import type { Compiled } from './device/pipelines.js';
import type { Runtime } from './device/runtime.js';
import type { Kernel } from './lowering/kernel.js';
import { boundBytes, partBytes, type SourceContext } from './lowering/kernel-source.js';
import { type Lowered, sizesOf } from './lowering/lower.js';
import { type MemoryPlan, partKey, planMemory } from './memory/memory-plan.js';
import { toWords, type WebgpuTensor } from './tensor.js';

export interface ExecutableParts {
  readonly runtime: Runtime;
  readonly program: Program;
  readonly lowered: Lowered;
  readonly pipelines: readonly Compiled[];
  /** Input name to output name. */
  readonly donate: Named<string>;
  readonly live: LiveTensors<readonly GPUBuffer[]>;
  readonly compileSeconds: number;
  /** Is told when it is disposed of, so that nobody holds it. */
  readonly ended: (executable: WebgpuExecutable) => void;
}

type Buffers = ReadonlyMap<string, readonly GPUBuffer[]>;

/** Bind groups that are kept of one kernel: state alternates between two places at most. */
const KEPT_GROUPS = 4;

/** A program as compute passes over buffers. */
export class WebgpuExecutable implements Executable {
  readonly program: Program;
  readonly compileSeconds: number;
  readonly memory: MemoryPlan;
  readonly #parts: ExecutableParts;
  readonly #types: ReadonlyMap<string, TensorType>;
  readonly #sizes: SourceContext;
  readonly #groups: readonly Map<string, GPUBindGroup>[];
  /** What lies between kernels, and literals: taken with the first run. */
  #own: { readonly between: readonly GPUBuffer[]; readonly literals: Buffers } | undefined;
  #disposed = false;
  #clock: KernelClock | undefined;

  constructor(parts: ExecutableParts) {
    const { lowered, program, runtime } = parts;
    this.program = program;
    this.compileSeconds = parts.compileSeconds;
    this.#parts = parts;
    this.#types = declarations(program);
    this.#groups = lowered.kernels.map(() => new Map<string, GPUBindGroup>());
    this.#sizes = sizesOf(lowered, runtime.limits);
    const given = new Set([...program.inputs.map(({ name }) => name), ...lowered.literals.keys()]);
    const returned = new Set(lowered.outputs);
    this.memory = planMemory(lowered.kernels, (name) =>
      given.has(name) || returned.has(name) ? undefined : partBytes(this.#sizes, name),
    );
  }

  async run(inputs: Named<DeviceTensor>): Promise<Named<DeviceTensor>> {
    const { program, donate, live, runtime } = this.#parts;
    if (this.#disposed) {
      throw new LacunaError({ where: program.name, what: 'the executable was disposed of' });
    }
    runtime.check();
    const given = checkedInputs(program, donate, inputs, live.isOwn);
    // A handle that was released is refused here, before anything runs.
    const bound = new Map([...given].map(([name, tensor]) => [name, tensor.memory]));
    try {
      const first = this.#own === undefined;
      const buffers = first ? await this.#allocated(bound) : this.#placed(bound);
      return await this.#evaluate(buffers, given);
    } finally {
      for (const name of Object.keys(donate)) given.get(name)?.end('donated');
    }
  }

  /** The kernels in WGSL, each under what it makes and reads. */
  get sources(): readonly KernelSourceText[] {
    return this.#parts.lowered.kernels.map(({ label, code, bindings, workgroups }) => {
      const places = bindings.map(
        ({ value, part, access }, at) => `// binding ${at}: ${value}, part ${part}, ${access}`,
      );
      const head = [`// ${label}`, `// ${workgroups.join(' x ')} workgroups`, ...places];
      return { label, text: `${head.join('\n')}\n${code}` };
    });
  }

  /**
   * A run with a clock on each kernel.
   *
   * @throws LacunaError where the device has no timestamp queries.
   */
  async profile(inputs: Named<DeviceTensor>): Promise<{
    readonly outputs: Named<DeviceTensor>;
    readonly times: readonly KernelTime[];
  }> {
    const { device } = this.#parts.runtime;
    if (!device.features.has('timestamp-query')) {
      throw new LacunaError({ where: 'webgpu', what: 'the device has no timestamp queries' });
    }
    const clock = new KernelClock(device);
    this.#clock = clock;
    try {
      const outputs = await this.run(inputs);
      return { outputs, times: await clock.times((kernel) => boundBytes(kernel, this.#sizes)) };
    } finally {
      this.#clock = undefined;
    }
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    const { between = [], literals = new Map<string, readonly GPUBuffer[]>() } = this.#own ?? {};
    for (const buffer of [...between, ...[...literals.values()].flat()]) {
      this.#parts.runtime.buffers.give(buffer);
    }
    for (const groups of this.#groups) groups.clear();
    this.#own = undefined;
    this.#parts.ended(this);
  }

  /** The first run takes all memory, and says so where there is too little. */
  async #allocated(bound: Buffers): Promise<Buffers> {
    const { runtime, lowered, program } = this.#parts;
    runtime.device.pushErrorScope('out-of-memory');
    const between = this.memory.buffers.map((bytes) => runtime.buffers.take(bytes));
    const literals = new Map(
      [...lowered.literals].map(([name, data]) => {
        const { dtype } = this.#sizes.type(name);
        const words = toWords({ dtype, shape: [data.length], data: Float64Array.from(data) });
        const buffer = runtime.buffers.take(words.byteLength);
        runtime.device.queue.writeBuffer(buffer, 0, words as GPUAllowSharedBufferSource);
        return [name, [buffer]];
      }),
    );
    this.#own = { between, literals };
    const buffers = this.#placed(bound);
    const error = await runtime.device.popErrorScope();
    if (error !== null) {
      const needed = this.memory.buffers.reduce((sum, bytes) => sum + bytes, 0);
      await this.dispose();
      throw new LacunaError({
        where: program.name,
        what: 'the device has too little memory',
        got: `${megabytes(needed)} for what lies between kernels, beside inputs and outputs`,
        fix: 'Take a smaller batch.',
      });
    }
    return buffers;
  }

  /** Where everything lies in this run. */
  #placed(bound: Buffers): Map<string, readonly GPUBuffer[]> {
    const { lowered, runtime } = this.#parts;
    const { between = [], literals = new Map<string, readonly GPUBuffer[]>() } = this.#own ?? {};
    const buffers = new Map([...bound, ...literals]);
    for (const [name] of lowered.values) {
      if (buffers.has(name)) continue;
      const home = lowered.inPlace.get(name);
      if (home !== undefined) {
        buffers.set(name, bound.get(home) as readonly GPUBuffer[]);
        continue;
      }
      const sizes = partBytes(this.#sizes, name);
      buffers.set(
        name,
        sizes.map((bytes, part) => {
          const at = this.memory.bufferOf.get(partKey(name, part));
          return at === undefined ? runtime.buffers.take(bytes) : (between[at] as GPUBuffer);
        }),
      );
    }
    return buffers;
  }

  async #evaluate(
    buffers: Buffers,
    given: ReadonlyMap<string, WebgpuTensor>,
  ): Promise<Named<DeviceTensor>> {
    const { runtime, lowered, pipelines, live } = this.#parts;
    const { device, pacer } = runtime;
    let encoder = device.createCommandEncoder();
    let pass: GPUComputePassEncoder | undefined;
    let work = 0;
    for (const [index, kernel] of lowered.kernels.entries()) {
      if (work > 0 && work + kernel.work > pacer.budget) {
        pass?.end();
        pass = undefined;
        await pacer.submit(encoder.finish(), work);
        encoder = device.createCommandEncoder();
        work = 0;
      }
      pass ??= encoder.beginComputePass(this.#clock?.pass(kernel) ?? {});
      const { pipeline, layout } = pipelines[index] as Compiled;
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, this.#group(index, kernel, layout, buffers));
      pass.dispatchWorkgroups(...kernel.workgroups);
      work += kernel.work;
      if (this.#clock !== undefined) {
        pass.end();
        pass = undefined;
      }
    }
    pass?.end();
    const results = this.#results(buffers, encoder);
    await pacer.submit(encoder.finish(), work);
    runtime.check();
    return Object.fromEntries(
      results.map(({ name, value, place, buffers: held }): [string, WebgpuTensor] => {
        const { dtype, shape } = this.#types.get(value) as TensorType;
        const home = lowered.inPlace.get(place);
        if (home !== undefined) given.get(home)?.take('donated');
        return [name, live.keep({ dtype, shape }, held)];
      }),
    );
  }

  /** The buffers of each output: what is an input, a literal or another output too is copied. */
  #results(
    buffers: Buffers,
    encoder: GPUCommandEncoder,
  ): readonly {
    readonly name: string;
    readonly value: string;
    readonly place: string;
    readonly buffers: readonly GPUBuffer[];
  }[] {
    const { lowered, program, runtime } = this.#parts;
    const taken = new Set([...program.inputs.map(({ name }) => name), ...lowered.literals.keys()]);
    return program.outputs.map(({ name, value }, index) => {
      const place = lowered.outputs[index] as string;
      const own = buffers.get(place) as readonly GPUBuffer[];
      if (!taken.has(place)) {
        taken.add(place);
        return { name, value, place, buffers: own };
      }
      const sizes = partBytes(this.#sizes, place);
      const copies = own.map((from, part) => {
        const bytes = sizes[part] as number;
        const to = runtime.buffers.take(bytes);
        encoder.copyBufferToBuffer(from, 0, to, 0, bytes);
        return to;
      });
      return { name, value, place: `copy of ${place}`, buffers: copies };
    });
  }

  #group(
    index: number,
    { bindings }: Kernel,
    layout: GPUBindGroupLayout,
    buffers: Buffers,
  ): GPUBindGroup {
    const { runtime } = this.#parts;
    const groups = this.#groups[index] as Map<string, GPUBindGroup>;
    const bound = bindings.map(
      ({ value, part }) => (buffers.get(value) as readonly GPUBuffer[])[part] as GPUBuffer,
    );
    const key = bound.map((buffer) => runtime.buffers.id(buffer)).join();
    const known = groups.get(key);
    if (known !== undefined) return known;
    if (groups.size === KEPT_GROUPS) groups.clear();
    const group = runtime.device.createBindGroup({
      layout,
      // The exact size: an index out of range then ends within the value, not in what lay there before.
      entries: bound.map((buffer, binding) => {
        const { value, part } = bindings[binding] as Kernel['bindings'][number];
        const size = partBytes(this.#sizes, value)[part] as number;
        return { binding, resource: { buffer, size } };
      }),
    });
    groups.set(key, group);
    return group;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

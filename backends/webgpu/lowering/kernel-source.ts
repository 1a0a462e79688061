import { LacunaError } from '../../../spec/errors.js';
import type { DType } from '../../../spec/program/index.js';
import type { Affine } from './affine.js';
import type { Binding, Kernel, KernelLimits } from './kernel.js';
import { byteLength, HELPERS, wgslType } from './wgsl.js';

/** Where values lie and what kernels may use. */
export interface SourceContext {
  readonly limits: KernelLimits;
  type(name: string): { readonly dtype: DType };
  count(name: string): number;
  /** The value whose memory a value has: another one where it is written in place. */
  home(name: string): string;
  /** Whether buffers are declared with their lengths: see `Tiling`. */
  readonly declaresLengths?: boolean;
}

interface Bound {
  readonly names: readonly string[];
  /** Elements of the array in WGSL: one, or four where the kernel reads them by fours alone. */
  readonly width: 1 | 4;
  access: 'read' | 'write';
}

/** A workgroup's place in its dispatch, and the lane in it. */
const PLACE = '@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32';

/** Extensions of WGSL, each of which takes a feature of the device. */
export type Extension = 'chromium_experimental_subgroup_matrix' | 'f16' | 'subgroups';

/** One kernel while it is written: its bindings, and what stands beside `main`. */
export class KernelSource {
  readonly #context: SourceContext;
  readonly #bound = new Map<string, Bound>();
  readonly #helpers = new Set<string>();
  readonly #extensions = new Set<Extension>();
  readonly #shared: string[] = [];
  #lets = 0;
  #buffers = 0;

  constructor(context: SourceContext) {
    this.#context = context;
  }

  get limits(): KernelLimits {
    return this.#context.limits;
  }

  /** A name that nothing else in the kernel has. */
  fresh(prefix = 't'): string {
    return `${prefix}${this.#lets++}`;
  }

  /** Makes a function of `HELPERS` available. */
  helper(name: string): string {
    this.#helpers.add(name);
    return name;
  }

  /** Declares that the kernel makes use of an extension of WGSL. */
  enable(extension: Extension): void {
    this.#extensions.add(extension);
  }

  /** Declares workgroup memory. */
  shared(name: string, type: string): void {
    this.#shared.push(`var<workgroup> ${name}: ${type};`);
  }

  /** The element at a place, as an expression. */
  load(name: string, at: Affine): string {
    const { names, width } = this.#bind(name, 'read');
    if (width === 4) {
      const [buffer] = names as readonly [string];
      return `${buffer}[(${at.code}) / 4u][(${at.code}) % 4u]`;
    }
    const type = wgslType(this.#context.type(name).dtype, name);
    const index = names.length === 1 ? at.code : `(${at.code})`;
    const element = (buffer: string, place: string): string => {
      if (type.elementsPerWord === 4) {
        return `((${buffer}[(${place}) / 4u] >> (((${place}) % 4u) * 8u)) & 0xffu)`;
      }
      return type.value === 'bool' ? `(${buffer}[${place}] != 0u)` : `${buffer}[${place}]`;
    };
    const size = this.#partSize(name);
    return names
      .map((buffer, part) => element(buffer, offset(index, part * size)))
      .reduceRight(
        (after, own, part) => `select(${own}, ${after}, ${index} >= ${(part + 1) * size}u)`,
      );
  }

  /** Whether the value can be read by fours: it is f32, in one buffer, and not bound otherwise. */
  hasVectors(name: string): boolean {
    const home = this.#context.home(name);
    const isPlain = this.#context.type(name).dtype === 'f32' && this.#context.count(name) % 4 === 0;
    const bound = this.#bound.get(home);
    if (!isPlain || partCount(this.#context, home) > 1) return false;
    return bound === undefined || bound.width === 4;
  }

  /** Four elements side by side; `fours` counts those before them, by fours. */
  loadVector(name: string, fours: Affine): string {
    const { names } = this.#bind(name, 'read', 4);
    return `${names[0]}[${fours.code}]`;
  }

  /** A statement that stores four elements side by side: see `loadVector`. */
  storeVector(name: string, fours: Affine, code: string): string {
    const { names } = this.#bind(name, 'write', 4);
    return `${names[0]}[${fours.code}] = ${code};`;
  }

  /** A statement that stores an element; of u8, the word that holds element `at` and three more. */
  store(name: string, at: Affine, code: string): string {
    const { names, width } = this.#bind(name, 'write');
    if (width === 4) throw new Error(`${name} is read by fours in the kernel that writes it`);
    const type = wgslType(this.#context.type(name).dtype, name);
    const value = type.value === 'bool' ? `select(0u, 1u, ${code})` : code;
    const size = this.#partSize(name) / type.elementsPerWord;
    const index = at.code;
    return names
      .map((buffer, part) => `${buffer}[${offset(index, part * size)}] = ${value};`)
      .reduceRight(
        (after, own, part) => `if (${index} < ${(part + 1) * size}u) { ${own} } else { ${after} }`,
      );
  }

  /**
   * The kernel.
   *
   * @param lines The statements of `main`, in which `group` and `lane` say which invocation runs.
   */
  finish(
    parts: Pick<Kernel, 'label' | 'workgroups' | 'work' | 'kind' | 'product'> & {
      readonly lines: readonly string[];
      readonly lanes: number;
      readonly functions?: readonly string[];
      /** @defaultValue 0 */
      readonly flops?: number;
    },
  ): Kernel {
    const { lines, lanes, functions = [], flops = 0, ...facts } = parts;
    const { label } = facts;
    const body = lines.map((line) => `  ${line}`).join('\n');
    const bindings: Binding[] = [];
    const declarations: string[] = [];
    for (const [value, { names, access, width }] of this.#bound) {
      const { stored: scalar } = wgslType(this.#context.type(value).dtype, value);
      const stored = width === 4 ? `vec4<${scalar}>` : scalar;
      const bytes = partBytes(this.#context, value);
      names.forEach((name, part) => {
        const mode = access === 'write' ? 'read_write' : 'read';
        const words = (bytes[part] as number) / 4 / width;
        const length = this.#context.declaresLengths === true ? `, ${words}` : '';
        declarations.push(
          `@group(0) @binding(${bindings.length}) var<storage, ${mode}> ${name}: array<${stored}${length}>;`,
        );
        bindings.push({ value, part, access });
      });
    }
    if (bindings.length > this.limits.storageBuffers) {
      throw new LacunaError({
        where: `webgpu: ${label}`,
        what: 'a kernel needs more storage buffers than the device has',
        got: String(bindings.length),
        expected: `at most ${this.limits.storageBuffers}`,
      });
    }
    const extensions = [...this.#extensions].sort();
    const told = [PLACE, ...extensions.flatMap((extension) => TOLD[extension] ?? [])].join(', ');
    const code = [
      ...extensions.map((extension) => `enable ${extension};`),
      ...declarations,
      ...this.#shared,
      ...(body.includes('zero_bits') ? ['var<private> zero_bits: u32 = 0u;'] : []),
      ...[...this.#helpers].sort().map((name) => HELPERS[name] as string),
      ...functions,
      `@compute @workgroup_size(${lanes})`,
      `fn main(${told}) {`,
      body,
      '}',
      '',
    ].join('\n');
    return { ...facts, flops, code, bindings };
  }

  #bind(name: string, access: 'read' | 'write', width: 1 | 4 = 1): Bound {
    const home = this.#context.home(name);
    let bound = this.#bound.get(home);
    if (bound === undefined) {
      const count = partCount(this.#context, home);
      bound = {
        names: Array.from({ length: count }, () => `b${this.#buffers++}`),
        width,
        access,
      };
      this.#bound.set(home, bound);
    }
    if (access === 'write') bound.access = 'write';
    return bound;
  }

  /** Elements of one part of a value. */
  #partSize(name: string): number {
    return partElements(this.#context, name);
  }
}

/** Of an extension, what `main` is told beside its place. */
const TOLD: Readonly<Partial<Record<Extension, readonly string[]>>> = {
  subgroups: [
    '@builtin(subgroup_size) subgroup_size: u32',
    '@builtin(subgroup_invocation_id) subgroup_lane: u32',
  ],
  chromium_experimental_subgroup_matrix: ['@builtin(subgroup_id) subgroup_id: u32'],
};

function offset(index: string, start: number): string {
  return start === 0 ? index : `${index} - ${start}u`;
}

/** Elements that lie in one buffer. */
export function partElements(context: SourceContext, name: string): number {
  const { elementsPerWord } = wgslType(context.type(name).dtype, name);
  return Math.floor(context.limits.bindingBytes / 4) * elementsPerWord;
}

/** Buffers that a value lies in. */
export function partCount(context: SourceContext, name: string): number {
  return Math.max(1, Math.ceil(context.count(name) / partElements(context, name)));
}

/** The bytes of each buffer of a value. */
export function partBytes(context: SourceContext, name: string): readonly number[] {
  const [size, count] = [partElements(context, name), context.count(name)];
  const { dtype } = context.type(name);
  return Array.from({ length: partCount(context, name) }, (_, part) =>
    byteLength(dtype, Math.min(size, count - part * size)),
  );
}

/** The bytes of all that a kernel is bound to. */
export function boundBytes({ bindings }: Kernel, context: SourceContext): number {
  return bindings.reduce(
    (sum, { value, part }) => sum + (partBytes(context, value)[part] as number),
    0,
  );
}

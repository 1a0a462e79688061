import { describe, expect, it } from 'vitest';
import { trainingPlan } from '../../../core/plan/index.js';
import {
  ADAMW,
  ATTENTION,
  ATTENTION_GRAD,
  add,
  exp,
  gelu,
  layerNorm,
  linear,
  type ModelConfig,
  matmul,
  mul,
  type Program,
  ProgramBuilder,
  reshape,
  scatterAdd,
  slice,
  softmax,
  sum,
  transpose,
  type Value,
} from '../../../spec/index.js';
import { planMemory } from '../memory/memory-plan.js';
import { DEFAULT_LIMITS } from './kernel.js';
import type { MatrixUnit } from './kernels/matrix-unit.js';
import { HARDWARE } from './kernels/tiling.js';
import { type Lowered, type LoweringOptions, lower } from './lower.js';

const OPTIONS: LoweringOptions = {
  limits: DEFAULT_LIMITS,
  tiling: HARDWARE,
  fuse: true,
  subgroups: false,
  factors: 'f32',
  matrixUnit: undefined,
  donate: {},
};

function kernelsOf(
  make: (input: (name: string, shape: readonly number[]) => Value) => readonly Value[],
  options: Partial<LoweringOptions> = {},
): Lowered {
  const builder = new ProgramBuilder('test');
  const results = make((name, shape) => builder.input(name, 'f32', shape, 'data'));
  for (const [index, value] of results.entries()) builder.output(`y${index}`, value);
  return lower(builder.finish(), { ...OPTIONS, ...options });
}

const STEP: ModelConfig = {
  video: { frames: 4, size: 16, tubelet: 2, patch: 4 },
  encoder: { width: 16, depth: 2, heads: 2 },
  mae: { decoder: { width: 8, depth: 1, heads: 2 } },
};

function step(): Program {
  return trainingPlan(STEP, { batch: 2, visible: 8 }).programs.step as Program;
}

describe('what becomes one kernel', () => {
  it('a softmax', () => {
    expect(kernelsOf((input) => [softmax(input('x', [100, 300]))]).kernels).toHaveLength(1);
  });

  it('a layer norm', () => {
    const { kernels } = kernelsOf((input) => [
      layerNorm(input('x', [7, 300]), input('gamma', [300]), input('beta', [300]), 1e-6),
    ]);
    expect(kernels).toHaveLength(1);
  });

  it('a product with its bias, and the transpose of an operand', () => {
    const { kernels } = kernelsOf((input) => {
      const heads = reshape(input('x', [6, 4 * 5]), [6, 4, 5]);
      const product = matmul(transpose(heads, [1, 0, 2]), input('w', [4, 5, 8]));
      return [add(product, 1)];
    });
    expect(kernels).toHaveLength(1);
  });

  it('a layer and its GELU, both of which are read later', () => {
    const { kernels } = kernelsOf((input) => {
      const hidden = linear(input('x', [6, 8]), input('w', [12, 8]), input('b', [12]));
      return [hidden, gelu(hidden)];
    });
    expect(kernels).toHaveLength(1);
  });

  it("the gradients of a layer's weight and bias, where nothing reads the bias's before", () => {
    const gradients = (early: boolean): Lowered =>
      kernelsOf((input) => {
        const [g, x] = [input('g', [6, 8]), input('x', [6, 12])];
        const bias = sum(g, [0]);
        const weight = matmul(g, early ? add(x, sum(exp(bias), [0])) : x, { transposeA: true });
        return [bias, weight];
      });
    expect(gradients(false).kernels).toHaveLength(1);
    expect(gradients(true).kernels.map(({ kind }) => kind)).toContain('reduce');
    const followed = kernelsOf((input) => {
      const [g, x] = [input('g', [6, 8]), input('x', [6, 12])];
      const bias = sum(g, [0]);
      return [bias, add(matmul(g, x, { transposeA: true }), reshape(bias, [8, 1]))];
    });
    expect(followed.kernels.map(({ kind }) => kind)).toContain('reduce');
  });

  it('a value that is made of little, and each of its readers, while that moves no more bytes', () => {
    // Of 1.25 words for each of its own: nine readers read 11.25, and one that writes it and nine that read it 11.25.
    const made = (readers: number): readonly string[] =>
      kernelsOf((input) => {
        const value = add(input('x', [4, 16, 64]), input('b', [16, 64]));
        return Array.from({ length: readers }, (_, i) => sum(mul(value, i + 2), [i % 2]));
      }).kernels.map(({ kind }) => kind);
    expect(made(9)).not.toContain('map');
    expect(made(10).filter((kind) => kind === 'map')).toHaveLength(1);
  });

  it('a large product, whose tiles fit the workgroup memory that there is', () => {
    for (const workgroupBytes of [16_384, 32_768, 49_152]) {
      const limits = { ...DEFAULT_LIMITS, workgroupBytes };
      const [kernel] = kernelsOf(
        (input) => [matmul(input('x', [4096, 512]), input('w', [512, 4096]))],
        {
          limits,
        },
      ).kernels;
      const fours = [...(kernel?.code ?? '').matchAll(/var<workgroup> .*array<vec4<f32>, (\d+)>/g)];
      expect(fours).toHaveLength(2);
      const bytes = fours.reduce((sum, [, count]) => sum + 16 * Number(count), 0);
      expect(bytes).toBeLessThanOrEqual(workgroupBytes);
      expect(4 * bytes).toBeGreaterThan(workgroupBytes);
    }
  });

  it('the next tile of a product while it sums one, where workgroup memory and registers hold both', () => {
    const code = (workgroupBytes: number, lanes: readonly [number, number]): string => {
      const product = { ...HARDWARE.product, lanes, busyGroups: 1 };
      return kernelsOf((input) => [matmul(input('x', [512, 64]), input('w', [64, 512]))], {
        limits: { ...DEFAULT_LIMITS, workgroupBytes },
        tiling: { ...HARDWARE, product },
      })
        .kernels.map((kernel) => kernel.code)
        .join('\n');
    };
    expect(code(32_768, [16, 16]).match(/workgroupBarrier/g)).toHaveLength(1);
    expect(code(32_768, [16, 16])).toContain('stage = 1u - stage;');
    // 128 x 128 x 8 takes 8,448 bytes; a lane of 16 has 32 numbers of 32 x 32 x 8.
    for (const one of [code(16_384, [16, 16]), code(32_768, [4, 4])]) {
      expect(one.match(/workgroupBarrier/g)).toHaveLength(2);
      expect(one).not.toContain('stage');
    }
  });

  it('reductions over the same axes of what is read together', () => {
    const { kernels } = kernelsOf((input) => {
      const [g, x] = [input('g', [6, 8]), input('x', [6, 8])];
      return [sum(mul(g, x), [0]), sum(g, [0])];
    });
    expect(kernels).toHaveLength(1);
  });

  it('the update of a parameter, in place', () => {
    const builder = new ProgramBuilder('test');
    const [p, m, v, g] = ['p', 'm', 'v', 'g'].map((name) =>
      builder.input(name, 'f32', [40, 3], 'parameter'),
    ) as [Value, Value, Value, Value];
    const scalars = ['lr', 'c1', 'c2'].map((name) => builder.input(name, 'f32', [], 'schedule'));
    const attributes = { beta1: 0.9, beta2: 0.95, eps: 1e-8, decay: 0.05, lr_scale: 1 };
    const results = builder.call(ADAMW, [p, m, v, g, ...scalars], attributes);
    results.forEach((value, i) => {
      builder.output(['p', 'm', 'v'][i] as string, value);
    });
    const donate = { p: 'p', m: 'm', v: 'v' };
    const { kernels, inPlace } = lower(builder.finish(), { ...OPTIONS, donate });
    // Its scalars are computed once, for all parameters.
    expect(kernels.map(({ bindings }) => bindings.length > 4)).toEqual([false, true]);
    expect(inPlace.size).toBe(3);
  });
});

describe('an output that an input is donated for', () => {
  /** Each of three outputs is made of the one before, and all of them read 8 inputs: once for each that is given. */
  const chained = (...late: readonly boolean[]): Lowered => {
    const builder = new ProgramBuilder('test');
    const donated: string[] = [];
    const sumOf = (values: readonly Value[]): Value => values.reduce((a, b) => add(a, b));
    for (const [chain, isLate] of late.entries()) {
      const named = (name: string): string => (late.length === 1 ? name : `${name}_${chain}`);
      const x = Array.from({ length: 8 }, (_, i) =>
        builder.input(named(`x${i}`), 'f32', [6, 6], 'data'),
      );
      const first = sumOf(x.slice(0, 6));
      const second = sumOf([first, x[1], x[6]] as Value[]);
      const third = sumOf([second, x[2], x[7]] as Value[]);
      for (const [i, value] of [first, second, third].entries()) {
        builder.output(named(`x${i}`), value);
        donated.push(named(`x${i}`));
      }
      if (!isLate) continue;
      for (const i of [0, 1]) builder.output(named(`y${i}`), exp(sum(x[i] as Value, [0])));
    }
    const donate = Object.fromEntries(donated.map((name) => [name, name]));
    return lower(builder.finish(), { ...OPTIONS, donate });
  };

  it('takes no buffer of its own', () => {
    const { kernels, inPlace } = chained(false);
    expect(kernels).toHaveLength(1);
    expect([...inPlace.values()]).toEqual(['x0', 'x1', 'x2']);
  });

  it('takes one where the input is read later, and so fewer share a kernel', () => {
    const { kernels, inPlace } = chained(true);
    expect(inPlace.size).toBeLessThan(3);
    for (const { bindings } of kernels) expect(bindings.length).toBeLessThanOrEqual(8);
  });

  it('keeps its home where another can have none', () => {
    const apart = chained(true).kernels.length + chained(false).kernels.length;
    expect(chained(true, false).kernels).toHaveLength(apart);
  });

  it('of a product is written over what is added, not over what is multiplied', () => {
    const builder = new ProgramBuilder('test');
    const [a, b] = ['a', 'b'].map((name) => builder.input(name, 'f32', [6, 6], 'data')) as [
      Value,
      Value,
    ];
    builder.output('a', add(matmul(b, b), a));
    builder.output('b', add(matmul(b, b), b));
    const { inPlace } = lower(builder.finish(), { ...OPTIONS, donate: { a: 'a', b: 'b' } });
    expect([...inPlace.values()]).toEqual(['a']);
  });

  it('takes one where a product reads the input for what was put into memory later', () => {
    const builder = new ProgramBuilder('test');
    const x = builder.input('x', 'f32', [36], 'data');
    const [b, rows] = [
      builder.input('b', 'f32', [6, 6], 'data'),
      builder.input('rows', 'i32', [6], 'data'),
    ];
    const t = reshape(x, [6, 6]);
    const y = reshape(add(matmul(t, b), 1), [36]);
    builder.output('y', y);
    builder.output('scattered', scatterAdd(rows, t, 0, 6));
    builder.output('x', add(y, x));
    const limits = { ...DEFAULT_LIMITS, storageBuffers: 4 };
    const { inPlace } = lower(builder.finish(), { ...OPTIONS, limits, donate: { x: 'x' } });
    expect(inPlace.size).toBe(0);
  });
});

describe('attention', () => {
  const ROOMY = { ...DEFAULT_LIMITS, workgroupBytes: 64 * 2 ** 10 };
  const lowered = (
    length: number,
    width = 64,
    bias = false,
    keys = length,
    options: Partial<LoweringOptions> = {},
  ): Lowered =>
    kernelsOf((input) => {
      const [q, g] = ['q', 'g'].map((name) => input(name, [1, 2, length, width])) as [Value, Value];
      const [k, v] = ['k', 'v'].map((name) => input(name, [1, 2, keys, width])) as [Value, Value];
      const added = bias ? [input('bias', [length, keys])] : [];
      const attributes = { scale: 0.125 };
      const [o] = q.builder.call(ATTENTION, [q, k, v, ...added], attributes) as [Value];
      return [o, ...q.builder.call(ATTENTION_GRAD, [q, k, v, o, g, ...added], attributes)];
    }, options);
  const largest = ({ values }: Lowered): number =>
    Math.max(...[...values.values()].map(({ count }) => count));

  it('of a long sequence has its scores nowhere in memory, and of their gradients so many at a time', () => {
    const { from, rows } = HARDWARE.attention;
    const { kernels, values, temporaries } = lowered(from);
    const others = [...values].filter(([name]) => !temporaries.has(name));
    expect(Math.max(...others.map(([, { count }]) => count))).toBe(2 * from * 64);
    // Forward, what do has of o, dk with dv, and dq.
    expect(kernels).toHaveLength(4);
    for (const { bindings } of kernels) expect(bindings.length).toBeLessThanOrEqual(8);
    expect(largest(lowered(from))).toBe(2 * from ** 2);
    const strip = 4 * 2 * from * rows;
    for (const [scoreBytes, strips] of [
      [2.5 * strip, 2],
      [strip - 1, 1],
    ] as const) {
      const tiling = { ...HARDWARE, attention: { ...HARDWARE.attention, scoreBytes } };
      const parted = lowered(from, 64, false, from, { tiling, limits: ROOMY });
      const count = Math.max(
        ...[...parted.temporaries].map((name) => parted.values.get(name)?.count ?? 0),
      );
      expect(4 * count).toBe(strips * strip);
      expect(parted.kernels).toHaveLength(2 + 2 * Math.ceil(from / rows / strips));
    }
  });

  it('binds at most 8 buffers a kernel where an operand is read from two', () => {
    const { from } = HARDWARE.attention;
    const limits = { ...DEFAULT_LIMITS, bindingBytes: 4 * 2 * from * 64 };
    const gradient = (of: 'q' | 'o'): Lowered =>
      kernelsOf(
        (input) => {
          const half = slice(input('both', [1, 4, from, 64]), 1, 0, 2);
          const [k, v, g] = ['k', 'v', 'g'].map((name) => input(name, [1, 2, from, 64])) as [
            Value,
            Value,
            Value,
          ];
          const [q, o] = of === 'q' ? [half, k] : [k, half];
          return k.builder.call(ATTENTION_GRAD, [q, k, v, o, g], { scale: 0.125 });
        },
        { limits },
      );
    for (const of of ['q', 'o'] as const) {
      const { kernels } = gradient(of);
      expect(kernels.some(({ kind }) => kind === 'attention')).toBe(true);
      for (const { bindings } of kernels) expect(bindings.length).toBeLessThanOrEqual(8);
    }
    // Only q's two are one too many, for the kernel of dk and dv.
    expect(gradient('q').kernels).toHaveLength(gradient('o').kernels.length + 1);
  });

  it.each([32, 48, 64])(
    'of heads of %d has whole tiles in each range of keys, where workgroup memory is small',
    (width) => {
      // 3 x 16 keys, where the kernel that reads them has tiles of 32.
      const scoreBytes = 3 * 16 * 4 * 2 * 256;
      const tiling = { ...HARDWARE, attention: { ...HARDWARE.attention, scoreBytes } };
      const { kernels, temporaries, values } = lowered(256, width, false, 256, { tiling });
      const stored = Math.max(...[...temporaries].map((name) => values.get(name)?.count ?? 0));
      const keys = stored / (2 * 256);
      const loops = kernels.flatMap(({ code }) => [
        ...code.matchAll(/start = (\d+)u; start < (\d+)u; start \+= (\d+)u/g),
      ]);
      const ranges = loops
        .map(([, from, to, step]) => ({ from: Number(from), to: Number(to), step: Number(step) }))
        .filter(({ from, to }) => to - from < 256);
      expect(ranges.length).toBeGreaterThan(1);
      expect(ranges.some(({ step }) => step === 32)).toBe(true);
      for (const { from, step } of ranges) {
        expect(from % keys).toBe(0);
        expect(keys % step).toBe(0);
      }
    },
  );

  it.each([
    ['of a short sequence', HARDWARE.attention.from - 1, 64, false, 0],
    ['of heads too wide for registers', HARDWARE.attention.from, 65, false, 0],
    ['with a bias', HARDWARE.attention.from, 64, true, 0],
    ['with a class token among its keys', HARDWARE.attention.from, 64, false, 1],
  ] as const)('%s goes by its scores', (_, length, width, bias, more) => {
    const keys = length + more;
    expect(largest(lowered(length, width, bias, keys))).toBeGreaterThanOrEqual(2 * length * keys);
  });
});

describe('a product of f16', () => {
  const unit: MatrixUnit = { component: 'f16', rows: 16, columns: 8, depth: 16, lanes: 32 };
  const multiplied = (shape: readonly [number, number, number], options: object): string => {
    const [m, terms, n] = shape;
    const { kernels } = kernelsOf(
      (input) => [matmul(input('a', [m, terms]), input('b', [terms, n]))],
      { factors: 'f16', matrixUnit: unit, ...options },
    );
    return kernels.map(({ code }) => code).join('\n');
  };
  const byUnits = 'subgroupMatrixMultiplyAccumulate';

  it('goes by units where the device has them', () => {
    const code = multiplied([200, 64, 100], {});
    expect(code).toContain(byUnits);
    expect(code).toContain('subgroup_matrix_left<f16, 16, 16>');
    expect(code).toContain('subgroup_matrix_right<f16, 8, 16>');
    expect(code).toContain('@workgroup_size(128)');
  });

  it.each([
    ['without units', [200, 64, 100], { matrixUnit: undefined }],
    ['in f32', [200, 64, 100], { factors: 'f32' }],
    ['of fewer rows than a unit has', [15, 64, 100], {}],
    [
      'where a tile does not fit',
      [200, 64, 100],
      { limits: { ...DEFAULT_LIMITS, workgroupBytes: 1024 } },
    ],
  ] as const)('does not %s', (_, shape, options) => {
    expect(multiplied(shape, options)).not.toContain(byUnits);
  });

  it('has smaller tiles for smaller matrices, and shallower ones in less memory', () => {
    expect(multiplied([16, 64, 8], {})).toContain('@workgroup_size(32)');
    const limits = { ...DEFAULT_LIMITS, workgroupBytes: 12_288 };
    expect(multiplied([200, 64, 100], { limits })).toContain('start += 16u');
  });

  it('adds long sums up in parts, whole tiles each', () => {
    const code = multiplied([16, 1537, 8], {});
    expect(code).toContain(byUnits);
    // Six parts of 288 terms, 9 times 32, and a kernel that joins them.
    expect(code).toContain('part_start = part * 288u');
    expect(code).toContain('total +=');
  });

  it('hands fewer results over at a time before its tiles are shallower', () => {
    const stored = (workgroupBytes: number): string => {
      const code = multiplied([200, 64, 100], { limits: { ...DEFAULT_LIMITS, workgroupBytes } });
      return (
        /results: array<vec4<f32>, (\d+)>.*start \+= (\d+)u/s.exec(code)?.slice(1).join() ?? ''
      );
    };
    // 32 rows, of 4 matrices a subgroup, 2 and 1: four more elements between rows.
    expect(stored(32_768)).toBe(`${(32 * (64 + 4)) / 4},32`);
    expect(stored(18_000)).toBe(`${(32 * (32 + 4)) / 4},32`);
    // The tiles and the least of results take 15,872 bytes.
    expect(stored(15_872)).toBe(`${(32 * (16 + 4)) / 4},32`);
    expect(stored(15_871)).toBe(`${(32 * (16 + 4)) / 4},16`);
  });

  it.each([
    [{ component: 'f16', rows: 64, columns: 64, depth: 16 }, 32_768],
    [{ component: 'f16', rows: 32, columns: 32, depth: 16 }, 32_768],
    [{ component: 'f16', rows: 16, columns: 16, depth: 32 }, 16_384],
  ])('has smaller tiles where those of a large unit do not fit: %j', (large, workgroupBytes) => {
    const options = {
      matrixUnit: { ...large, lanes: 32 },
      limits: { ...DEFAULT_LIMITS, workgroupBytes },
    };
    expect(multiplied([5120, 768, 3072], options)).toContain(byUnits);
  });

  it('has lines of f16 16 bytes apart in tiles', () => {
    for (const code of [multiplied([200, 64, 100], {}), multiplied([16, 64, 8], {})]) {
      const strides = [...code.matchAll(/subgroupMatrixLoad<[^;]*, (\d+)u\);/g)].map(([, fours]) =>
        Number(fours),
      );
      expect(strides.length).toBeGreaterThan(1);
      for (const fours of strides) expect((4 * fours * 2) % 16).toBe(0);
    }
  });

  it('has fewer subgroups where a workgroup cannot have as many lanes', () => {
    expect(multiplied([200, 64, 100], { matrixUnit: { ...unit, lanes: 128 } })).toMatch(
      /workgroup_size\(256\)[\s\S]*if \(subgroup_id < 2u\)/,
    );
  });

  it('of f32 goes by units of f32 alone, and of factors rounded to f16 where there are no others', () => {
    const single = { component: 'f32', rows: 8, columns: 8, depth: 8, lanes: 64 };
    const exact = multiplied([200, 64, 100], { factors: 'f32', matrixUnit: single });
    expect(exact).toContain('subgroup_matrix_left<f32, 8, 8>');
    expect(exact).not.toContain('f16');
    const rounded = multiplied([200, 64, 100], { factors: 'quantized', matrixUnit: single });
    expect(rounded).toContain(byUnits);
    expect(rounded).toContain('quantizeToF16');
    expect(multiplied([200, 64, 100], { matrixUnit: single })).not.toContain(byUnits);
  });

  it('is declared with f16 in workgroup memory, or rounded where there is none', () => {
    expect(multiplied([9, 9, 9], { matrixUnit: undefined })).toContain('enable f16;');
    const plain = multiplied([9, 9, 9], { factors: 'quantized' });
    expect(plain).toContain('quantizeToF16');
    expect(plain).not.toContain('enable');
  });
});

describe('a training step', () => {
  it.each([8, 10, 12])('binds at most %d buffers a kernel', (storageBuffers) => {
    const limits = { ...DEFAULT_LIMITS, storageBuffers };
    const { kernels } = lower(step(), { ...OPTIONS, limits });
    for (const { bindings } of kernels) expect(bindings.length).toBeLessThanOrEqual(storageBuffers);
  });

  it('takes a third of the kernels that its operations would, each by itself', () => {
    const fused = lower(step(), OPTIONS).kernels.length;
    const single = lower(step(), { ...OPTIONS, fuse: false }).kernels.length;
    expect(fused * 3).toBeLessThan(single);
  });

  it('is the same text each time, without names of the program', () => {
    const [first, second] = [lower(step(), OPTIONS), lower(step(), OPTIONS)];
    expect(first.kernels).toEqual(second.kernels);
    for (const { code } of first.kernels) expect(code).not.toMatch(/encoder|decoder|grad/);
  });

  it('reads no memory before it is written, and takes little more than it needs', () => {
    const program = step();
    const { kernels, values, literals, outputs } = lower(program, OPTIONS);
    const given = new Set([...program.inputs.map(({ name }) => name), ...literals.keys()]);
    const returned = new Set(outputs);
    const written = new Set(given);
    for (const { bindings, label } of kernels) {
      for (const { value, access } of bindings) {
        if (access === 'read') expect(written, `${label} reads ${value}`).toContain(value);
      }
      for (const { value, access } of bindings) if (access === 'write') written.add(value);
    }
    const plan = planMemory(kernels, (name) =>
      given.has(name) || returned.has(name) ? undefined : [4 * (values.get(name)?.count ?? 0)],
    );
    const taken = plan.buffers.reduce((sum, bytes) => sum + bytes, 0);
    expect(taken).toBeLessThan(1.5 * plan.floor);
  });
});

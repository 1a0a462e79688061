import { describe, expect, it } from 'vitest';
import { interpret } from '../../../reference/index.js';
import {
  add,
  attention,
  broadcast,
  constant,
  GELU_GRAD,
  gelu,
  linear,
  matmul,
  mul,
  type Program,
  ProgramBuilder,
  softmax,
  sub,
  type Value,
} from '../../../spec/program/index.js';
import { graphOf, operatorsOf } from '../testing/nodes.js';
import { lower } from './lower.js';
import type { LoweringOptions } from './lowering.js';

type Inputs = Record<string, readonly number[]>;

function programOf(shapes: Inputs, body: (...inputs: Value[]) => Value): Program {
  const builder = new ProgramBuilder('test');
  const inputs = Object.entries(shapes).map(([name, shape]) =>
    builder.input(name, 'f32', shape, 'data'),
  );
  builder.output('result', body(...inputs));
  return builder.finish();
}

function operators(program: Program, options?: LoweringOptions): string[] {
  return operatorsOf(graphOf(lower(program, options).graph.encode()));
}

describe('lowering to ONNX', () => {
  it('leaves stretching to the elementwise operators', () => {
    const program = programOf({ x: [2, 3], bias: [3] }, (x, bias) =>
      mul(add(x as Value, bias as Value), 2),
    );
    expect(operators(program)).toEqual(['Add', 'Mul']);
  });

  it('stretches one operand where no operand has the shape of the result', () => {
    const program = programOf({ a: [3], b: [1, 3] }, (a, b) =>
      add(broadcast(a as Value, [2, 3]), broadcast(b as Value, [2, 3])),
    );
    expect(operators(program)).toEqual(['Expand', 'Add']);
  });

  it('writes a linear layer as one Gemm', () => {
    const program = programOf({ x: [2, 5, 3], w: [4, 3], b: [4] }, (x, w, b) =>
      linear(x as Value, w as Value, b),
    );
    expect(operators(program)).toEqual(['Reshape', 'Gemm', 'Reshape']);
  });

  it('does not take a product into a Gemm that something else needs', () => {
    const program = programOf({ x: [2, 3], w: [3, 3] }, (x, w) => {
      const product = matmul(x as Value, w as Value);
      return matmul(add(product, 1), product, { transposeA: true });
    });
    expect(operators(program)).toEqual(['MatMul', 'Add', 'Gemm']);
  });

  it('takes a scale and transposes into a batched product', () => {
    const program = programOf({ a: [2, 3, 4], b: [2, 5, 4] }, (a, b) =>
      mul(matmul(a as Value, b as Value, { transposeB: true }), 0.3),
    );
    expect(operators(program)).toEqual(['com.microsoft::FusedMatMul']);
    expect(operators(program, { standardOnly: true })).toEqual(['Transpose', 'MatMul', 'Mul']);
  });

  it('claims softmax, layer norm and GELU, and expands attention around its softmax', () => {
    const shape = [1, 2, 3, 4];
    const program = programOf({ q: shape, k: shape, v: shape }, (q, k, v) =>
      gelu(attention(q as Value, k as Value, v as Value, { scale: 0.5 })),
    );
    expect(operators(program)).toContain('Softmax');
    expect(operators(program)).toContain('Gelu');
  });

  it('expands a composite for empty tensors, which ONNX Runtime refuses', () => {
    const program = programOf({ x: [0, 3] }, (x) => softmax(x as Value));
    expect(operators(program)).not.toContain('Softmax');
  });

  it('keeps the names of values, and gives an output its own where it is free', () => {
    const builder = new ProgramBuilder('names');
    const x = builder.input('x', 'f32', [2], 'parameter');
    const y = builder.scope('block.0', () => mul(x, 2));
    const z = add(y, 1);
    builder.output('y', y);
    builder.output('x', z);
    builder.output('again', z);
    builder.output('block.0.mul', x);
    builder.output('literal', constant(builder, 3));
    const lowered = lower(builder.finish());
    const graph = graphOf(lowered.graph.encode());
    const names = lowered.outputs.map(({ name }) => name);
    expect(graph.output.map(({ name }) => name)).toEqual(names);
    expect(names.slice(0, 3)).toEqual(['y', z.name, 'again']);
    expect(names.slice(4)).toEqual(['literal']);
    expect(new Set([...names, 'x']).size).toBe(6);
  });

  it.each([
    ['x', 8, 16, ['Transpose', 'MatMul']],
    ['the product', 1536, 384, ['Transpose', 'MatMul', 'Transpose']],
    ['nothing, of less than four times the columns', 1152, 384, ['Gemm']],
    ['nothing, of few columns', 512, 128, ['Gemm']],
  ] as const)('transposes %s of a gradient x^T y of long sums', (_, rows, columns, expected) => {
    const gradient = (terms: number): Program =>
      programOf({ x: [terms, rows], y: [terms, columns] }, (x, y) =>
        matmul(x as Value, y as Value, { transposeA: true }),
      );
    expect(operators(gradient(1024), { chunkElements: 8 })).toEqual(expected);
    expect(operators(gradient(1023), { chunkElements: 8 })).toEqual(['Gemm']);
    expect(operators(gradient(1024))).toEqual(['Gemm']);
  });

  it('makes a GELU again by the nodes of its gradient, for what reads it after that', () => {
    const program = programOf({ x: [4, 6], w: [6, 6] }, (x, w) => {
      const y = gelu(x as Value);
      const dy = matmul(y, w as Value);
      const [dx] = dy.builder.call(GELU_GRAD, [x as Value, dy], {});
      return matmul(y, dx as Value, { transposeA: true });
    });
    expect(operators(program, { chunkElements: 8 })).toContain('Gelu');
    for (const chunkElements of [0, 8]) {
      const options = { chunkElements, recompute: true };
      const { node } = graphOf(lower(program, options).graph.encode());
      const made = (name: string): (typeof node)[number] => {
        const maker = node.find(({ output }) => output.includes(name)) as (typeof node)[number];
        return maker.opType === 'Reshape' ? made(maker.input[0] as string) : maker;
      };
      const [y, dx] = (node.at(-1)?.input ?? []).map(made);
      expect(node.filter(({ opType }) => opType === 'Gelu')).toHaveLength(1);
      expect([y?.opType, dx?.opType]).toEqual(Array(2).fill(chunkElements === 0 ? 'Mul' : 'Scan'));
      if (chunkElements > 0) expect(y).toBe(dx);
    }
  });

  it('runs elementwise composites in chunks only where they are large and divide well', () => {
    const program = (count: number): Program =>
      programOf({ x: [count], dy: [count] }, (x, dy) => {
        const [dx] = (x as Value).builder.call(GELU_GRAD, [x as Value, dy as Value], {});
        return dx as Value;
      });
    const scans = (count: number, threads = 1): number =>
      operators(program(count), { chunkElements: 8, threads }).filter((name) => name === 'Scan')
        .length;
    expect([8, 9, 24, 64, 13].map((count) => scans(count))).toEqual([0, 1, 1, 1, 0]);
    // Threads share a chunk, up to four of them.
    expect([1, 2, 3, 4, 32].map((threads) => scans(24, threads))).toEqual([1, 1, 0, 0, 0]);
    expect(scans(64, 32)).toBe(1);
    expect(operators(program(24))).not.toContain('Scan');
  });

  it.each([
    ['runs of a few elements, over and over', [4, 1, 3], true],
    ['such runs over two axes', [1, 1, 3], true],
    ['one element', [4, 16, 1], false],
    ['rows', [16, 3], false],
    ['nothing', [4, 16, 3], false],
  ])('writes out what is stretched where that repeats %s', (_, shape, expected) => {
    const program = programOf({ x: [4, 16, 3], y: shape }, (x, y) =>
      sub(x as Value, broadcast(y as Value, [4, 16, 3])),
    );
    expect(operators(program, { chunkElements: 8 }).includes('Expand')).toBe(expected);
    expect(operators(program)).not.toContain('Expand');
  });

  it('agrees with the interpreter about the shapes of outputs', () => {
    const program = programOf({ x: [3, 1] }, (x) => broadcast(x as Value, [2, 3, 4]));
    const { result } = interpret(program, {
      x: { dtype: 'f32', shape: [3, 1], data: new Float32Array(3) },
    });
    expect(lower(program).outputs[0]?.shape).toEqual(result?.shape);
  });
});

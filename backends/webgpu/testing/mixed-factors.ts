import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostTensor } from '../../../core/backend.js';
import { capable } from '../../../core/testing/capability.js';
import {
  broadcast,
  constant,
  finite,
  matmul,
  ProgramBuilder,
} from '../../../spec/program/index.js';
import type { WebgpuBackend } from '../backend.js';

/** How a backend in mixed precision is opened, or why it cannot be. */
export interface MixedWay {
  readonly name: string;
  readonly missing: string | undefined;
  /** Whether the device's units multiply. @defaultValue false */
  readonly byUnits?: boolean;
  readonly open: () => Promise<WebgpuBackend>;
}

/** Tests of what enters products in mixed precision, and of what multiplies it. */
export function testFactors({ name, missing, byUnits = false, open }: MixedWay): void {
  describe.skipIf(!capable(name, missing))(name, () => {
    let backend: WebgpuBackend;
    beforeAll(async () => {
      backend = await open();
    });
    afterAll(() => backend.dispose());

    /** The product of x with the identity, and whether its elements are finite. */
    async function read(x: readonly number[]): Promise<Readonly<Record<string, number[]>>> {
      const builder = new ProgramBuilder('identity');
      const a = builder.input('a', 'f32', [1, x.length], 'data');
      const product = matmul(a, builder.input('b', 'f32', [x.length, x.length], 'data'));
      builder.output('product', product);
      builder.output('finite', finite(product));
      const executable = await backend.compile(builder.finish());
      const identity = x.flatMap((_, i) => x.map((_, j) => (i === j ? 1 : 0)));
      const inputs = {
        a: await backend.upload(floats([1, x.length], x)),
        b: await backend.upload(floats([x.length, x.length], identity)),
      };
      const results = await executable.run(inputs);
      const found: Record<string, number[]> = {};
      for (const [key, tensor] of Object.entries(results)) {
        found[key] = Array.from((await backend.download(tensor)).data);
        backend.release(tensor);
      }
      for (const tensor of Object.values(inputs)) backend.release(tensor);
      await executable.dispose();
      return found;
    }

    it('reads the operands of a product as f16', async () => {
      const { product = [] } = await read([1 + 2 ** -12, 1 + 2 ** -10, 0.1, -65504]);
      const [near, held, tenth, largest] = product as [number, number, number, number];
      expect([1, 1 + 2 ** -10]).toContain(near);
      expect(held).toBe(1 + 2 ** -10);
      expect(tenth).not.toBe(Math.fround(0.1));
      expect(Math.abs(tenth - 0.1)).toBeLessThan(0.1 * 2 ** -10);
      expect(largest).toBe(-65504);
    });

    it('reads a literal, even one that f16 does not hold', async () => {
      const builder = new ProgramBuilder('literals');
      const x = builder.input('x', 'f32', [2, 2], 'data');
      const literals = broadcast(constant(builder, 2 ** 20), [2, 2]);
      builder.output('y', matmul(x, literals));
      builder.output('z', matmul(literals, x));
      await (await backend.compile(builder.finish())).dispose();
    });

    it('multiplies by units where it has them', async () => {
      const builder = new ProgramBuilder('square');
      const x = builder.input('x', 'f32', [64, 64], 'data');
      builder.output('y', matmul(x, x));
      const executable = await backend.compile(builder.finish());
      const text = executable.sources.map((source) => source.text).join();
      expect(text.includes('subgroupMatrixMultiplyAccumulate')).toBe(byUnits);
      await executable.dispose();
    });

    it('shows an overflow of f16 as a number that is not finite', async () => {
      // What loss scaling goes by. A single one: infinity times 0 is NaN, and sums carry it on.
      const { finite: seen } = await read([70000]);
      expect(seen).toEqual([0]);
    });
  });
}

function floats(shape: number[], data: readonly number[]): HostTensor {
  return { dtype: 'f32', shape, data: Float32Array.from(data) };
}

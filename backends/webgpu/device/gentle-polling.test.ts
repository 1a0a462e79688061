import { promisify } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { capable } from '../../../core/testing/capability.js';
import { matmul, ProgramBuilder } from '../../../spec/program/index.js';
import { openWebgpu, WEBGPU } from '../index.js';
import { pollGently } from './gentle-polling.js';

const probe = await WEBGPU.probe({ device: 'swiftshader' });
const here = capable('webgpu', probe.available ? undefined : probe.reason);

afterEach(() => {
  vi.restoreAllMocks();
});

describe('gentle polling', () => {
  it('puts polls to sleep from the 21st in a row on', async () => {
    pollGently();
    const start = performance.now();
    // A native function without a name, as Dawn's are.
    for (let k = 0; k < 120; k++) {
      setImmediate(Function.prototype as () => void);
      await promisify(setImmediate)();
    }
    expect(performance.now() - start).toBeGreaterThan(5);
  });

  it("gives all other callers Node's own function", async () => {
    pollGently();
    const seen: unknown[] = [];
    setImmediate((a: number, b: string) => seen.push(a, b), 1, 'two');
    expect(await promisify(setImmediate)('value')).toBe('value');
    expect(seen).toEqual([1, 'two']);
    const late = setImmediate(() => seen.push('never'));
    clearImmediate(late);
    await promisify(setImmediate)();
    expect(seen).toHaveLength(2);
  });

  it.skipIf(!here)('lets Dawn ask at most ten times a millisecond', async () => {
    const backend = await openWebgpu({ device: 'swiftshader' });
    const builder = new ProgramBuilder('product');
    const a = builder.input('a', 'f32', [768, 768], 'data');
    builder.output('product', matmul(a, a));
    const executable = await backend.compile(builder.finish());
    const data = new Float32Array(768 * 768).fill(1);
    const input = await backend.upload({ dtype: 'f32', shape: [768, 768], data });
    const asked = vi.spyOn(globalThis, 'setImmediate');
    const start = performance.now();
    const { product } = await executable.run({ a: input });
    expect((await backend.download(product as never)).data[0]).toBe(768);
    const elapsed = performance.now() - start;
    expect(asked.mock.calls.length).toBeGreaterThan(0);
    // 20 at once for each of a handful of waits; without pauses it asks until the loop is full.
    expect(asked.mock.calls.length).toBeLessThan(10 * elapsed + 200);
    await backend.dispose();
  });
});

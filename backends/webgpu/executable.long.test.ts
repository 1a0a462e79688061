import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { openWebgpu, WEBGPU } from './index.js';
import { floats, ROWS, stepProgram } from './testing/small-step.js';

const probe = await WEBGPU.probe({ device: 'swiftshader' });
const here = capable('webgpu', probe.available ? undefined : probe.reason);

/** Bytes of the process in memory, after what nobody holds was collected. */
function residentBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage.rss();
}

describe.skipIf(!here)('a program on WebGPU', () => {
  it('leaks nothing in 1,000 steps: no tensor, buffer, pipeline or resident memory', async () => {
    const backend = await openWebgpu({ device: 'swiftshader' });
    const executable = await backend.compile(stepProgram(), { donate: { w: 'w' } });
    const b = await backend.upload(floats([4], () => 0.1));
    let w = await backend.upload(floats([4, 4], () => 1));
    const { buffers, pipelines } = backend.runtime;
    const counts = new Set<string>();
    const data = floats([ROWS, 4], (i) => i);
    let resident = 0;
    for (let step = 0; step < 1500; step++) {
      if (step === 500) resident = residentBytes();
      const x = await backend.upload(data);
      const { w: next, metric } = await executable.run({ w, b, x });
      if (next === undefined || metric === undefined) throw new Error('an output is missing');
      backend.release(metric);
      backend.release(x);
      w = next as typeof w;
      if (step > 0) counts.add(`${buffers.live} ${buffers.made} ${pipelines.size}`);
    }
    expect([...counts]).toHaveLength(1);
    expect(residentBytes() - resident).toBeLessThan((1000 * data.data.byteLength) / 2);
    expect(backend.liveTensors).toBe(2);
    for (const tensor of [w, b]) backend.release(tensor);
    await executable.dispose();
    expect(backend.liveTensors).toBe(0);
    await backend.dispose();
  });
});

import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Backend, DeviceTensor, HostTensor, Named } from '../../core/backend.js';
import { capable } from '../../core/testing/capability.js';
import { splitBatches } from '../../core/testing/split-batches.js';
import { add, elementCount, matmul, ProgramBuilder, sub, sum } from '../../spec/program/index.js';
import { XLA, type XlaOptions } from './index.js';
import { packageFolder, pythonFor } from './process.js';

const probe = await XLA.probe();
const missing = probe.available ? undefined : probe.reason;

/** Simulated devices, which share the batches. A whole step of the suite on them is in `split.long.test.ts`. */
async function openSeveral(
  options: Pick<XlaOptions, 'devices' | 'shardState'> = {},
): Promise<Backend> {
  return splitBatches(await XLA.open({ devices: 2, ...options, threads: 1 }));
}

describe.skipIf(!capable('xla', missing))('a batch on several devices', () => {
  it('gives each of them its rows, and the results of one', async () => {
    const backend = await openSeveral();
    try {
      expect(backend.info).toMatchObject({ devices: 2, device: '2 x CPU' });
      const builder = new ProgramBuilder('rows');
      const x = builder.input('x', 'f32', [4, 2], 'data');
      const w = builder.input('w', 'f32', [2], 'parameter');
      builder.output('y', add(x, w));
      const program = builder.finish();
      const executable = await backend.compile(program);
      const data = Float32Array.from({ length: 8 }, (_, i) => i);
      const given = await backend.upload({ dtype: 'f32', shape: [4, 2], data }, 4);
      const whole = await backend.upload({ dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) });
      const { y } = await executable.run({ x: given, w: whole });
      expect([...(await backend.download(y as never)).data]).toEqual([1, 3, 3, 5, 5, 7, 7, 9]);
    } finally {
      await backend.dispose();
    }
  });

  it('leaves a part of the state on each of four, which comes back whole', async () => {
    const backend = await openSeveral({ devices: 4, shardState: true });
    try {
      expect(backend.info).toMatchObject({ devices: 4, shardedState: true });
      const builder = new ProgramBuilder('steps');
      const x = builder.input('x', 'f32', [4, 8], 'data');
      const w = builder.input('w', 'f32', [8, 3], 'parameter');
      const b = builder.input('b', 'f32', [3], 'parameter');
      builder.output('w', sub(w, matmul(x, add(matmul(x, w), b), { transposeA: true })));
      builder.output('b', sub(b, sum(add(matmul(x, w), b), [0])));
      const program = builder.finish();
      const donate = { w: 'w', b: 'b' };
      const executable = await backend.compile(program, { donate, rows: ['x'] });
      const ones = (shape: readonly number[]): HostTensor => ({
        dtype: 'f32',
        shape,
        data: new Float32Array(elementCount(shape)).fill(1),
      });
      let state: Named<DeviceTensor> = {
        w: await backend.upload(ones([8, 3])),
        b: await backend.upload(ones([3])),
      };
      for (const rows of [1, 2]) {
        const given = await backend.upload(ones([4, 8]), 4);
        state = await executable.run({ ...state, x: given });
        // Each of the 4 rows has 8 w + b: 9, then 8 (1 - 36) + 1 - 36.
        const value = rows === 1 ? 1 - 4 * 9 : 1 - 4 * 9 - 4 * (8 * -35 - 35);
        for (const name of ['w', 'b']) {
          const { data } = await backend.download(state[name] as DeviceTensor);
          expect([...data]).toEqual(Array(data.length).fill(value));
        }
      }
    } finally {
      await backend.dispose();
    }
  });

  it('is refused where processes have other numbers of devices', () => {
    const program = `from types import SimpleNamespace as Device
from lacuna_xla.mesh import unequal
for counts in [[2, 2], [1, 2], [1, 2, 3]]:
    devices = [Device(process_index=p) for p, n in enumerate(counts) for _ in range(n)]
    print(unequal(devices, len(counts)))`;
    const { stdout } = spawnSync(pythonFor('cpu'), ['-c', program], {
      cwd: packageFolder(),
      encoding: 'utf8',
    });
    const refused = 'all processes need the same number of devices, and they have';
    expect(stdout.trim().split('\n')).toEqual(['None', `${refused} 1, 2`, `${refused} 1, 2, 3`]);
  });

  it('is refused where its rows are not as many for each', async () => {
    const backend = await XLA.open({ devices: 2, threads: 1 });
    try {
      const odd = { dtype: 'f32', shape: [3], data: new Float32Array(3) } as const;
      await expect(backend.upload(odd, 3)).rejects.toThrow(
        'xla: the rows of this process are not its part of the batch; got 3 rows of 3',
      );
    } finally {
      await backend.dispose();
    }
  });
});

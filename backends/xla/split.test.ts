import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../conformance/index.js';
import { testBackend } from '../../conformance/vitest.js';
import type { Backend } from '../../core/backend.js';
import { rowInputs } from '../../core/plan/index.js';
import { capable } from '../../core/testing/capability.js';
import { add, ProgramBuilder } from '../../spec/program/index.js';
import { XLA } from './index.js';
import { packageFolder, pythonFor } from './process.js';

const probe = await XLA.probe();
const missing = probe.available ? undefined : probe.reason;

/** Two simulated devices, which share the batch of every program that has an even one. */
async function openTwo(onSplit: () => void = () => {}): Promise<Backend> {
  const backend = await XLA.open({ devices: 2, threads: 1 });
  const compile = backend.compile.bind(backend);
  backend.compile = (program, options) => {
    const batch = program.inputs.find(({ role, shape }) => role === 'data' && shape.length > 0);
    const [count = 1] = batch?.shape ?? [];
    if (count % 2 !== 0) return compile(program, options);
    onSplit();
    return compile(program, { ...options, rows: rowInputs(program, count) });
  };
  return backend;
}

// A whole step, gradients and update, whose rows two devices share, held to the same bounds as on one.
testBackend('xla', openTwo, {
  missing,
  cases: 2,
  checks: CHECKS.filter(({ id }) => id === 'step/joint'),
});

describe.skipIf(!capable('xla', missing))('a batch on two devices', () => {
  it('gives each of them its rows, and the results of one', async () => {
    let splits = 0;
    const backend = await openTwo(() => {
      splits += 1;
    });
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
      expect(splits).toBe(1);
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

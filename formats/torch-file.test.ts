import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { capable } from '../core/testing/capability.js';
import { writeTorchFile } from './torch-file.js';

const TENSORS = [
  { name: 'a.weight', dtype: 'f32', shape: [2, 3] },
  { name: 'b', dtype: 'f32', shape: [] },
  { name: 'c', dtype: 'f32', shape: [1, 1, 300] },
] as const;

const python = process.env.LACUNA_TORCH ?? 'python3';

function missing(): string | undefined {
  try {
    execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${python} has no package torch`;
  }
}

it.skipIf(!capable('torch-port', missing()))(
  'writes what torch.load reads with weights_only',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lacuna-torch-'));
    try {
      const path = join(folder, 'a.pth');
      await writeTorchFile(path, 'model', TENSORS, async (name) => {
        const { shape } = TENSORS.find((each) => each.name === name) ?? { shape: [] };
        const count = shape.reduce((product: number, n) => product * n, 1);
        return {
          dtype: 'f32',
          shape,
          data: Float32Array.from({ length: count }, (_, i) => i + 0.5),
        };
      });
      const code = [
        'import sys, torch',
        `state = torch.load(sys.argv[1], weights_only=True)["model"]`,
        'print({name: (tuple(t.shape), t.stride(), float(t.flatten()[-1])) for name, t in state.items()})',
      ].join('\n');
      expect(execFileSync(python, ['-c', code, path], { encoding: 'utf8' }).trim()).toBe(
        "{'a.weight': ((2, 3), (3, 1), 5.5), 'b': ((), (), 0.5), 'c': ((1, 1, 300), (300, 300, 1), 299.5)}",
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ProgramBuilder } from '../../spec/program/index.js';
import { XLA } from './index.js';
import { planSplit } from './plan.js';

const HELLO = {
  type: 'hello',
  protocol: 1,
  name: 'xla',
  version: '0',
  device: 'CPU',
  contract: 'f32-ieee',
  deterministic: true,
  functions: [],
  floats: ['f32'],
  capabilities: ['program', 'resident'],
  claims: [],
};

/** An environment whose Python is this program of Node's. */
function environment(program: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-xla-'));
  folders.push(folder);
  mkdirSync(join(folder, 'bin'));
  const python = join(folder, 'bin', 'python');
  writeFileSync(python, `#!${process.execPath}\n${program}\n`);
  chmodSync(python, 0o755);
  vi.stubEnv('LACUNA_XLA', folder);
}

const folders: string[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe('the process of XLA', () => {
  it('is said to be missing, with what to install', async () => {
    vi.stubEnv('LACUNA_XLA', undefined);
    expect(await XLA.probe()).toEqual({
      available: false,
      reason:
        'xla:cpu: JAX cannot be used; got LACUNA_XLA names no folder. Install it: npm run xla, then export LACUNA_XLA as it says (needs Python 3.11 to 3.13).',
    });
    vi.stubEnv('LACUNA_XLA', '/nowhere');
    const probe = await XLA.probe({ device: 'cuda' });
    expect(probe).toMatchObject({
      reason: expect.stringMatching(/no \/nowhere\/bin\/python. Install it: npm run xla -- --cuda/),
    });
    await expect(XLA.open({ device: 'gpu' })).rejects.toThrow('one of cpu, cuda, tpu');
  });

  it('is quoted by its last line where it does not come up', async () => {
    environment(`console.error("Traceback\\nModuleNotFoundError: No module named 'jax'");
      process.exit(1);`);
    expect(await XLA.probe()).toMatchObject({
      reason: expect.stringContaining("got ModuleNotFoundError: No module named 'jax'. Install it"),
    });
  });

  it('of an environment without the compiler for a target says how to make one that has it', async () => {
    environment(`console.error("Traceback\\nthis environment has no jax_cuda13_plugin");
      process.exit(1);`);
    const builder = new ProgramBuilder('step');
    builder.output('y', builder.input('x', 'f32', [8], 'data'));
    await expect(planSplit(builder.finish(), 8, 'h100x8')).rejects.toThrow(
      'h100x8: XLA does not compile the step; got this environment has no jax_cuda13_plugin. Make one that has: npm run xla -- --cuda --compile-only --folder .xla-cuda, then export LACUNA_XLA as it says.',
    );
  });

  it('takes everything with it when it ends, and whoever asks for more is told why', async () => {
    environment(`let asked = 0;
      process.stdin.on('data', () => {
        if (asked++ === 0) console.log(${JSON.stringify(JSON.stringify(HELLO))});
        else { console.error('out of memory'); process.exit(9); }
      });`);
    const backend = await XLA.open();
    const scalar = { dtype: 'f32', shape: [], data: Float32Array.of(1) } as const;
    const lost = /^xla: the process that runs XLA is lost; got .*exit code 9.*out of memory/s;
    await expect(backend.upload(scalar)).rejects.toThrow(lost);
    await expect(backend.upload(scalar)).rejects.toThrow(lost);
    await backend.dispose();
    await expect(backend.upload(scalar)).rejects.toThrow(lost);
  });
});

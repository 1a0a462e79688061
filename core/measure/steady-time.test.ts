import { afterEach, expect, it, vi } from 'vitest';
import type { Backend, DeviceTensor } from '../backend.js';
import { productProbe } from './probes.js';
import { steadyTime } from './steady-time.js';

afterEach(() => vi.restoreAllMocks());

/**
 * A backend on which a run takes `milliseconds` and an answer half of one, by a clock that moves in steps. `live` counts the
 * tensors and executables that are on it.
 */
function slowBackend(
  milliseconds: number,
  step: number,
  onRun: () => void = () => {},
): { readonly backend: Backend; live(): number } {
  let time = 0;
  let live = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => Math.floor(time / step + 1e-9) * step);
  const tensor = (): DeviceTensor => {
    live += 1;
    return { dtype: 'f32', shape: [1, 1] } as DeviceTensor;
  };
  const backend = {
    upload: async () => tensor(),
    download: async () => {
      time += 0.5;
      return { dtype: 'f32', shape: [1, 1], data: new Float32Array(1) };
    },
    release: () => {
      live -= 1;
    },
    compile: async ({ name }: { readonly name: string }) => {
      live += 1;
      return {
        run: async () => {
          if (name === 'corner') return { corner: tensor() };
          time += milliseconds;
          onRun();
          return { c: tensor() };
        },
        dispose: async () => {
          live -= 1;
        },
      };
    },
  } as unknown as Backend;
  return { backend, live: () => live };
}

it.each([0.004, 0.03, 0.7, 40])('finds %d ms a run by a clock of 0.1 ms', async (milliseconds) => {
  const { backend, live } = slowBackend(milliseconds, 0.1);
  const found = await steadyTime(backend, productProbe([4, 4, 4]));
  // Of a try of 4,096 runs, which is shorter than 100 ms, the answer is some 3 %.
  expect(Math.abs(found / milliseconds - 1)).toBeLessThan(milliseconds < 0.02 ? 0.04 : 0.02);
  expect(live()).toBe(0);
});

it.each([1, 2, 3, 40])(
  'ends once it is told to in run %d, and leaves nothing on the device',
  async (last) => {
    const controller = new AbortController();
    let runs = 0;
    const { backend, live } = slowBackend(1, 0.1, () => {
      runs += 1;
      if (runs === last) controller.abort(new Error('enough'));
    });
    const { signal } = controller;
    await expect(steadyTime(backend, productProbe([4, 4, 4]), { signal })).rejects.toThrow(
      'enough',
    );
    expect([runs, live()]).toEqual([last, 0]);
  },
);

it.each(['upload', 'compile'] as const)('leaves nothing where a second %s fails', async (name) => {
  const { backend, live } = slowBackend(1, 0.1);
  const own = backend[name].bind(backend) as (what: unknown) => Promise<never>;
  let calls = 0;
  backend[name] = async (what: unknown) => {
    calls += 1;
    if (calls === 2) throw new Error('no room');
    return own(what);
  };
  await expect(steadyTime(backend, productProbe([4, 4, 4]))).rejects.toThrow('no room');
  expect(live()).toBe(0);
});

import { afterEach, expect, it, vi } from 'vitest';
import type { Backend, DeviceTensor } from '../backend.js';
import { productProbe } from './probes.js';
import { steadyTime } from './steady-time.js';

afterEach(() => vi.restoreAllMocks());

/** A backend on which a run takes `milliseconds` and an answer half of one, by a clock that moves in steps. */
function slowBackend(
  milliseconds: number,
  step: number,
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
    compile: async ({ name }: { readonly name: string }) => ({
      run: async () => {
        if (name === 'corner') return { corner: tensor() };
        time += milliseconds;
        return { c: tensor() };
      },
      dispose: async () => {},
    }),
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

it('ends between two runs once it is told to, and leaves nothing on the device', async () => {
  const { backend, live } = slowBackend(1, 0.1);
  const controller = new AbortController();
  const download = backend.download.bind(backend);
  let answers = 0;
  backend.download = async (tensor) => {
    answers += 1;
    if (answers === 2) controller.abort(new Error('enough'));
    return download(tensor);
  };
  const { signal } = controller;
  await expect(steadyTime(backend, productProbe([4, 4, 4]), { signal })).rejects.toThrow('enough');
  expect(live()).toBe(0);
});

import { describe, expect, it } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import { parseConfig, type RunSettings, resolveSettings } from '../run/index.js';
import { benchRun, planRun, stepsOf } from './plan-run.js';

function settings(changes: object = {}): RunSettings {
  const base = { preset: 'demo', data: { list: 'list.jsonl' }, output: 'run', batch: 8 };
  return resolveSettings(parseConfig({ ...base, ...changes }));
}

/** Bytes of a machine, and of a process: what this one has grows while other tests share it. */
const ROOM = 2 ** 33;
const PROCESS = 2 ** 27;
const backend = await ONNX.open({ device: 'cpu', threads: 1 });

describe('a plan of a run', () => {
  it('names the largest batch that fits, and not one clip more than an even line allows', () => {
    const all = planRun(settings(), backend, ROOM, PROCESS);
    const { whole } = all.fits ?? { whole: 0 };
    const needed = (batch: number): number =>
      planRun(settings({ batch }), backend, ROOM, PROCESS).needed ?? 0;
    expect(needed(whole)).toBeLessThanOrEqual(ROOM);
    expect(needed(Math.ceil(whole * 1.05))).toBeGreaterThan(ROOM);
  });

  it('says in how many parts a batch fits that does not fit whole', () => {
    const whole = planRun(settings(), backend, ROOM, PROCESS);
    const room = PROCESS + 0.9 * ((whole.needed ?? 0) - PROCESS);
    const { fits, needed, available } = planRun(settings(), backend, room, PROCESS);
    expect(needed).toBeGreaterThan(available ?? 0);
    expect(fits?.part).toBeLessThan(8);
    expect(fits?.part).toBeGreaterThan(0);
    const microbatches = 8 / (fits?.part ?? 8);
    expect(planRun(settings({ microbatches }), backend, room, PROCESS).needed).toBeLessThanOrEqual(
      room,
    );
    expect(planRun(settings(), backend, PROCESS, PROCESS).fits).toEqual({ whole: 0, part: 0 });
  });

  it('measures a step that fits, and refuses one that does not', async () => {
    const of = settings({ batch: 8, microbatches: 4 });
    const bench = await benchRun(of, backend, planRun(of, backend));
    expect(bench).toMatchObject({ clips: 4, microbatches: 2 });
    expect(bench.clipsPerSecond).toBeGreaterThan(0);
    const tooLarge = benchRun(of, backend, { needed: 2, available: 1 });
    await expect(tooLarge).rejects.toThrow('a step that does not fit is not measured');
  });

  it('counts steps by clips, or takes them as they are said', () => {
    expect(stepsOf(settings({ schedule: { epochs: 3 } }), 100)).toBe(36);
    expect(stepsOf(settings({ schedule: { steps: 70 } }), undefined)).toBe(70);
    expect(stepsOf(settings({ schedule: { epochs: 3 } }), undefined)).toBeUndefined();
  });
});

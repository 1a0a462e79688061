import { describe, expect, it } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import type { MemoryHabits } from '../core/backend.js';
import { parseConfig, type RunSettings, resolveSettings } from '../run/index.js';
import { withinBudget } from './memory-budget.js';
import { planRun } from './plan-run.js';

function settings(changes: object = {}): RunSettings {
  const base = { preset: 'demo', data: { list: 'list.jsonl' }, output: 'run', batch: 8 };
  return resolveSettings(parseConfig({ ...base, ...changes }));
}

const PROCESS = 2 ** 27;
const ROOM = 2 ** 33;
const onnx = await ONNX.open({ device: 'cpu', threads: 1 });
/** One that makes nothing again. */
const backend = { info: { ...onnx.info, memory: { ...habits(), recomputes: [] } } };
const needed = (microbatches: number, changes: object = {}): number =>
  planRun(settings({ ...changes, microbatches }), onnx, ROOM, PROCESS).needed ?? 0;

describe('a budget of memory', () => {
  it.each([
    [8, 1],
    [8, 2],
    [8, 4],
    [20, 1],
    [128, 1],
  ])('that holds %i clips in %i parts takes them, and no fewer would fit', (batch, parts) => {
    const [all, budget] = [settings({ batch }), needed(parts, { batch })];
    const { settings: fitted, stages } = withinBudget(all, backend, budget, PROCESS);
    expect(fitted.microbatches).toBe(parts);
    expect(stages[0]).toMatchObject({ batch, microbatches: parts, needed: budget });
    expect(planRun(all, backend, budget, PROCESS).fits?.part).toBe(batch / parts);
    const less = withinBudget(all, backend, budget - 1, PROCESS);
    expect(less.settings.microbatches).toBeGreaterThan(parts);
  });

  it.each([
    // Nothing crosses between clips, so nothing is computed twice.
    ['mae', 1, 1],
    // The clips' part of the model runs forward once more; backward is twice that, but for the first layer's input.
    ['contrastive', 1.3, 1.35],
  ])('of %s costs arithmetic of %d to %d', (objective, least, most) => {
    const { stages } = withinBudget(
      settings({ objective }),
      backend,
      needed(4, { objective }),
      PROCESS,
    );
    expect(stages[0]?.arithmetic).toBeGreaterThanOrEqual(least);
    expect(stages[0]?.arithmetic).toBeLessThanOrEqual(most);
  });

  it('makes again what it can where that saves parts, and nowhere else', () => {
    const all = settings({ batch: 128 });
    const again = needed(1, { batch: 128, recompute: true });
    expect(again).toBeLessThan(0.95 * needed(1, { batch: 128 }));
    const within = (budget: number): readonly [number, boolean | undefined] => {
      const { settings: fitted } = withinBudget(all, onnx, budget, PROCESS);
      return [fitted.microbatches, fitted.recompute];
    };
    expect(within(needed(1, { batch: 128 }))).toEqual([1, undefined]);
    expect(within(again)).toEqual([1, true]);
    expect(within(again - 1)).toEqual([2, undefined]);
    // Who asks for it has it.
    const asked = settings({ batch: 128, recompute: true });
    expect(withinBudget(asked, onnx, ROOM, PROCESS).settings.recompute).toBe(true);
    const other = withinBudget(all, backend, again, PROCESS).settings;
    expect([other.microbatches > 1, other.recompute]).toEqual([true, undefined]);
    // Too little is told by the least that it would take.
    const least = needed(128, { batch: 128, recompute: true });
    expect(() => withinBudget(all, onnx, least - 1, PROCESS)).toThrow(/does not hold a step/);
    expect(withinBudget(all, onnx, least, PROCESS).settings.microbatches).toBe(128);
  });

  it('gives each stage parts of its own', () => {
    const staged = settings({ stages: [{ batch: 8 }, { batch: 2 }] });
    const { settings: fitted, stages } = withinBudget(staged, backend, needed(2), PROCESS);
    expect(fitted.stages?.map(({ microbatches }) => microbatches)).toEqual([2, 1]);
    expect(stages.map(({ name }) => name)).toEqual(['stage 1', 'stage 2']);
  });

  it('is of the device alone where that has a memory of its own', () => {
    const own = { info: { ...backend.info, memory: { ...habits(), device: 'own' as const } } };
    const { memory } = planRun(settings(), own, ROOM, PROCESS);
    expect(withinBudget(settings(), own, memory?.peak ?? 0, PROCESS).settings.microbatches).toBe(1);
  });

  it('that is too small is refused with what it would take', () => {
    const refused = () => withinBudget(settings(), backend, needed(8) - 1, PROCESS);
    expect(refused).toThrow(
      /^--memory: the budget does not hold a step.*expected at least 0\.\d\d GiB/s,
    );
  });

  it('cannot be kept by a backend that does not say how it keeps memory', () => {
    const { memory: _, ...info } = backend.info;
    expect(() => withinBudget(settings(), { info }, ROOM, PROCESS)).toThrow(/--microbatches/);
  });

  it('is not for devices that share a batch, nor beside parts that the settings ask for', () => {
    const shared = { info: { ...backend.info, devices: 2 } };
    expect(() => withinBudget(settings(), shared, ROOM, PROCESS)).toThrow(/got 2 devices/);
    const parted = settings({ microbatches: 2 });
    expect(() => withinBudget(parted, backend, ROOM, PROCESS)).toThrow(/got microbatches 2/);
    const staged = settings({ stages: [{ microbatches: 2 }] });
    expect(() => withinBudget(staged, backend, ROOM, PROCESS)).toThrow(/stage 1.*microbatches 2/s);
  });
});

function habits(): MemoryHabits {
  const { memory } = onnx.info;
  if (memory === undefined) throw new Error('ONNX Runtime says how it keeps memory');
  return memory;
}

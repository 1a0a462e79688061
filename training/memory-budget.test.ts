import { describe, expect, it } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import { parseConfig, type RunSettings, resolveSettings } from '../run/index.js';
import { withinBudget } from './memory-budget.js';
import { planRun } from './plan-run.js';

function settings(changes: object = {}): RunSettings {
  const base = { preset: 'demo', data: { list: 'list.jsonl' }, output: 'run', batch: 8 };
  return resolveSettings(parseConfig({ ...base, ...changes }));
}

const PROCESS = 2 ** 27;
const ROOM = 2 ** 33;
const backend = await ONNX.open({ device: 'cpu', threads: 1 });
const needed = (microbatches: number, changes: object = {}): number =>
  planRun(settings({ ...changes, microbatches }), backend, ROOM, PROCESS).needed ?? 0;

describe('a budget of memory', () => {
  it.each([1, 2, 4])('that holds %i parts takes them, and no fewer would fit', (parts) => {
    const { settings: fitted, stages } = withinBudget(settings(), backend, needed(parts), PROCESS);
    expect(fitted.microbatches).toBe(parts);
    expect(stages[0]).toMatchObject({ batch: 8, microbatches: parts, needed: needed(parts) });
    const less = withinBudget(settings(), backend, needed(parts) - 1, PROCESS);
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
      /^--memory: the budget does not hold a step.*expected at least 0\.\d\d GB/s,
    );
  });

  it('cannot be kept by a backend that does not say how it keeps memory', () => {
    const { memory: _, ...info } = backend.info;
    expect(() => withinBudget(settings(), { info }, ROOM, PROCESS)).toThrow(/--microbatches/);
  });
});

function habits() {
  const { memory } = backend.info;
  if (memory === undefined) throw new Error('ONNX Runtime says how it keeps memory');
  return memory;
}

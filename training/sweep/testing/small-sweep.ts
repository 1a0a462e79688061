import type { DemoData } from '../../../data/index.js';
import type { SweepOptions } from '../run-sweep.js';
import { parseSweep, type Sweep } from '../sweep-file.js';

/** What a test's sweep is run with: the backend that the test opens, and no teacher. */
export function sweepTools(openBackend: SweepOptions['openBackend']): SweepOptions {
  return {
    version: 'test',
    openBackend,
    openTeacher: () => Promise.reject(new Error('no run here has a teacher')),
  };
}

/** A sweep of two rows and one seed over the clips of demo data, of two steps a run. */
export function smallSweep(data: DemoData, changes: Partial<Sweep> = {}): Sweep {
  const lists = { data: data.trainList, test: data.trainList };
  const own: Sweep = {
    title: 'masks',
    pretrain: {
      preset: 'tiny-mae',
      objective: 'mae',
      data: { list: data.trainList, workers: 1 },
      schedule: { steps: 2 },
    },
    finetune: { ...lists, recipe: 'plain', steps: 2, set: { batch: 4 } },
    probe: { ...lists, head: 'knn' },
    seeds: [3],
    rows: [
      { name: 'from scratch', scratch: true },
      { name: 'tube', set: { 'mask.ratio': 0.75 }, paper: { finetune: 64.9 } },
    ],
    ...changes,
  };
  return parseSweep(JSON.stringify(own), 'sweep.json');
}

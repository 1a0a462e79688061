import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../../backends/onnx/index.js';
import { type DemoData, makeDemoData } from '../../data/index.js';
import { runSweep, type SweepOptions, type SweepResult } from './run-sweep.js';
import { smallSweep, sweepTools } from './testing/small-sweep.js';

const TOOLS = sweepTools(() => ONNX.open({ threads: 1 }));
let folder = '';
let data: DemoData;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-sweep-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 16, testClips: 4, version: 2 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What lies in a folder that numbers depend on: its tables, and the weights that its runs ended with. */
async function left(path: string): Promise<readonly string[]> {
  const names = (await readdir(path, { recursive: true })).sort();
  const kept = names.filter((name) =>
    /table\.|scores\.json$|(finetune.checkpoints.step-00000002|pretrain.checkpoints).*index\.json$/.test(
      name,
    ),
  );
  return Promise.all(
    kept.map(async (name) => `${name} ${await readFile(join(path, name), 'utf8')}`),
  );
}

describe('a sweep', () => {
  it('stopped in the middle of a run goes on, and ends as one that ran straight; a seed more leaves what is there', async () => {
    const straight = await runSweep(smallSweep(data), join(folder, 'straight'), TOOLS);
    const path = join(folder, 'stopped');
    const stoppedAt = async (kind: 'step' | 'features', count: number): Promise<SweepResult> => {
      const stop = new AbortController();
      let seen = 0;
      const onEvent: NonNullable<SweepOptions['onEvent']> = (event) => {
        if (event.kind === kind && ++seen === count) stop.abort();
      };
      return runSweep(smallSweep(data), path, { ...TOOLS, onEvent, signal: stop.signal });
    };
    // In the second cell while it is fine-tuned, then while features are made, before its probe has a folder.
    for (const stopped of [await stoppedAt('step', 6), await stoppedAt('features', 1)])
      expect([stopped.finished, stopped.rows.map(({ cells }) => cells.length)]).toEqual([
        false,
        [1, 0],
      ]);
    const second = await runSweep(smallSweep(data), path, TOOLS);
    expect(second).toEqual(straight);
    expect(await left(path)).toEqual(await left(join(folder, 'straight')));
    const known: boolean[] = [];
    const third = await runSweep(smallSweep(data), path, {
      ...TOOLS,
      openBackend: () => Promise.reject(new Error('something is trained')),
      onCell: (event) => known.push(event.kind === 'scores' && event.known),
    });
    expect([third, known]).toEqual([straight, [true, true]]);
    const longer = await runSweep(smallSweep(data, { seeds: [3, 4] }), path, TOOLS);
    expect(longer.rows[0]?.cells.slice(0, 1)).toEqual(straight.rows[0]?.cells);
    expect(longer.rows[0]?.cells).toHaveLength(2);
  });
});

import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../../backends/onnx/index.js';
import { type DemoData, makeDemoData } from '../../data/index.js';
import { inspect } from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import { rowSettings } from './row-settings.js';
import { runSweep } from './run-sweep.js';
import { cellName, parseSweep, type Sweep } from './sweep-file.js';
import { meanAndDeviation, sweepTable } from './sweep-table.js';
import { smallSweep, sweepTools } from './testing/small-sweep.js';

const TOOLS = sweepTools(() => ONNX.open({ threads: 1 }));
let folder = '';
let data: DemoData;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-sweep-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 16, testClips: 4, version: 2 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const sweep = (changes?: Partial<Sweep>): Sweep => smallSweep(data, changes);

describe('a sweep', () => {
  it('trains and judges all rows; called again it trains nothing', async () => {
    const path = join(folder, 'straight');
    const straight = await runSweep(sweep(), path, TOOLS);
    expect(straight.finished).toBe(true);
    const { kind, facts } = await inspect(path);
    const rows = { 'row from scratch': '1 of 1 seeds', 'row tube': '1 of 1 seeds' };
    expect([kind, facts]).toEqual(['a sweep of Lacuna', { title: 'masks', ...rows }]);
    const known: boolean[] = [];
    const openBackend = (): Promise<never> => Promise.reject(new Error('something is trained'));
    const again = await runSweep(sweep(), path, {
      ...TOOLS,
      openBackend,
      onCell: (event) => known.push(event.kind === 'scores' && event.known),
    });
    expect([again, known]).toEqual([straight, [true, true]]);
    // Other settings in the same folder are refused before anything is trained.
    const other = sweep({ rows: [{ name: 'tube', set: { 'mask.ratio': 0.5 } }] });
    await expect(runSweep(other, path, { ...TOOLS, openBackend })).rejects.toThrow(
      /holds a run of other settings/,
    );
  });

  it('leaves the encoder of a row from scratch as it is drawn, and no other', async () => {
    const path = join(folder, 'drawn');
    const rows = [
      { name: 'from scratch', scratch: true },
      { name: 'again', scratch: true, set: { 'schedule.baseLearningRate': 1 } },
      { name: 'trained', set: { 'schedule.steps': 1, 'schedule.warmupSteps': 0 } },
    ];
    const { finetune: _, ...probed } = sweep({ rows, seeds: [3] });
    await runSweep(probed, path, TOOLS);
    const ended = async (row: string): Promise<string> => {
      const at = join(path, `${row}-3`, 'pretrain', 'checkpoints', 'step-00000001', 'index.json');
      const { files } = JSON.parse(await readFile(at, 'utf8')) as {
        readonly files: readonly { readonly name: string; readonly sha256: string }[];
      };
      return files.find(({ name }) => name === 'parameter.safetensors')?.sha256 ?? '';
    };
    const drawn = await ended('from-scratch');
    expect(drawn).toHaveLength(64);
    expect(await ended('again')).toBe(drawn);
    expect(await ended('trained')).not.toBe(drawn);
  });

  it('lets a row begin with what an earlier one came to, and needs no weights of rows that are done', async () => {
    const path = join(folder, 'in-turn');
    const first = join(folder, 'begun');
    const from = (init: string) => ({ 'encoder.init': init, 'schedule.steps': 1 });
    const rows = [
      { name: 'drawn', scratch: true },
      { name: 'on', set: from(join(path, 'drawn-3', 'pretrain')) },
      { name: 'elsewhere', set: from(first) },
    ];
    const { finetune: _, ...probed } = sweep({ rows: rows.slice(0, 2) });
    expect((await runSweep(probed, path, TOOLS)).rows[1]?.cells).toHaveLength(1);
    await rename(join(path, 'drawn-3', 'pretrain'), first);
    const whole = { ...probed, rows };
    expect((await runSweep(whole, path, TOOLS)).rows[2]?.cells).toHaveLength(1);
    await rename(first, join(folder, 'moved'));
    expect((await runSweep(whole, path, TOOLS)).finished).toBe(true);
    // A row that is not done is held to the weights that it begins with, before anything is trained.
    const openBackend = (): Promise<never> => Promise.reject(new Error('something is trained'));
    await expect(
      runSweep({ ...whole, seeds: [3, 4] }, path, { ...TOOLS, openBackend }),
    ).rejects.toThrow(/^row "elsewhere": .*begun/);
  });

  it('probes the label that it names, of clips that have several', async () => {
    const lines = (await readFile(data.trainList, 'utf8')).trim().split('\n');
    const list = join(data.folder, 'several.jsonl');
    const several = lines.map((line, index) => {
      const { video } = JSON.parse(line) as { readonly video: string };
      const labels = { noun: index % 2 === 0 ? 'cup' : 'pan', verb: `v${index % 3}` };
      return JSON.stringify({ video, labels });
    });
    await writeFile(list, several.join('\n'));
    const probe = { data: list, test: list, head: 'knn' } as const;
    const rows = [{ name: 'drawn', scratch: true }];
    const of = (own: Sweep['probe']): Sweep => {
      const { finetune: _, ...probed } = sweep({
        rows,
        ...(own === undefined ? {} : { probe: own }),
      });
      return probed;
    };
    const path = join(folder, 'several');
    await runSweep(of({ ...probe, label: 'noun' }), path, TOOLS);
    const manifest = await readFile(join(path, 'drawn-3', 'probe', 'manifest.json'), 'utf8');
    expect(JSON.parse(manifest)).toMatchObject({ settings: { label: 'noun' } });
    await expect(runSweep(of(probe), join(folder, 'unnamed'), TOOLS)).rejects.toThrow(/name one/);
    expect(() => of({ ...probe, label: 'A B' })).toThrow(/probe\.label/);
  });
});

describe('a sweep file', () => {
  const text = (changes: object): string =>
    JSON.stringify({
      title: 'x',
      pretrain: {},
      probe: { head: 'knn', data: 'a', test: 'b' },
      seeds: [0],
      rows: [{ name: 'a' }],
      ...changes,
    });

  it.each([
    [{ rows: [{ name: 'A b' }, { name: 'a-b' }] }, /rows: two rows are named alike/],
    [{ seeds: [1, 1] }, /seeds: a seed is there twice/],
    [{ seeds: [] }, /seeds/],
    [{ probe: undefined }, /nothing says how a row is judged/],
    [
      { rows: [{ name: 'a', set: { output: 'x' } }] },
      /row "a": output: the sweep itself sets this/,
    ],
    [{ pretrain: { seed: 1 } }, /pretrain: seed: the sweep itself sets this/],
    [{ rows: [{ name: 'a', typo: 1 }] }, /rows\.0/],
    [
      { finetune: { recipe: 'plain', data: 'a', test: 'b', steps: 1, epochs: 1 } },
      /exclude each other/,
    ],
  ])('is refused where it makes no sense: %j', (changes, message) => {
    expect(() => parseSweep(text(changes), 'my.json')).toThrow(message);
    expect(() => parseSweep(text(changes), 'my.json')).toThrow(LacunaError);
  });

  it('is refused where it is no JSON, with its name', () => {
    expect(() => parseSweep('{', 'my.json')).toThrow(/my\.json: the sweep is not JSON/);
  });

  it('names folders that stay in the sweep, whatever a row is called', () => {
    expect(['../../x', '..', 'TGM, MAE + VT', '…', 'a/b'].map(cellName)).toEqual([
      ...['x', expect.stringMatching(/^[0-9a-f]{16}$/), 'tgm-mae-vt'],
      ...[expect.stringMatching(/^[0-9a-f]{16}$/), 'a-b'],
    ]);
  });

  it('is one of those that come with the project, whose rows are runs that differ', async () => {
    const files = await readdir('docs/sweeps');
    expect(files.length).toBeGreaterThan(4);
    for (const name of files) {
      const path = join('docs/sweeps', name);
      const own = parseSweep(await readFile(path, 'utf8'), path);
      const settings = await rowSettings(own, 'sweeps');
      expect(settings.length, name).toBeGreaterThan(1);
      const runs = settings.map((each) => JSON.stringify(each));
      expect(new Set(runs).size, name).toBe(own.rows.length);
    }
  });

  it('is refused before anything is trained where a later row, or its fine-tuning, is no run', async () => {
    const rows = (set: object): Partial<Sweep> => ({
      rows: [{ name: 'a' }, { name: 'b', set: { ...set } }],
    });
    const path = join(folder, 'refused');
    const openBackend = (): Promise<never> => Promise.reject(new Error('something is trained'));
    const run = (changes: Partial<Sweep>): Promise<unknown> =>
      runSweep(sweep(changes), path, { ...TOOLS, openBackend });
    await expect(run(rows({ 'mask.ration': 0.5 }))).rejects.toThrow(
      /^row "b": mask\.ration: .*mask\.ratio/,
    );
    await expect(run(rows({ 'mask.ratio': 2 }))).rejects.toThrow(/^row "b": mask\.ratio: /);
    const finetune = { data: data.trainList, test: data.trainList, recipe: 'plain' } as const;
    await expect(
      run({ finetune: { ...finetune, set: { 'finetuning.dropPath': 3 } } }),
    ).rejects.toThrow(/^row "from scratch", fine-tuned: finetuning\.dropPath: /);
    expect(await readdir(folder)).not.toContain('refused');
  });
});

describe('the table of a sweep', () => {
  it('has mean and deviation over seeds, and what rows have above the first, seed by seed', () => {
    expect(meanAndDeviation([1, 2, 3])).toEqual({ mean: 2, deviation: 1 });
    expect(meanAndDeviation([5])).toEqual({ mean: 5 });
    const cells = (...shares: number[]) =>
      shares.map((finetune, seed) => ({ seed, scores: { finetune } }));
    const own: Sweep = { ...sweep({ seeds: [0, 1], paper: 'table 2' }) };
    const { probe: _, ...finetuned } = own;
    const table = sweepTable(finetuned, [
      { name: 'from scratch', cells: cells(0.1, 0.3) },
      { name: 'a|b', cells: cells(0.2, 0.4), paper: { finetune: 64.9 } },
      { name: 'not yet', cells: [] },
    ]);
    expect(table).toContain('over 0 to 2 of 2 seeds; paper: table 2');
    expect(table).toContain('| from scratch | 20.0 ± 14.1 |  |  |');
    expect(table).toContain('| a\\|b | 30.0 ± 14.1 | +10.0 ± 0.0 | 64.9 |');
    expect(table).toContain('| not yet | - | - |  |');
  });
});

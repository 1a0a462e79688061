import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoData, makeDemoData } from '../../data/index.js';
import { decodeNpy, SafetensorsFile } from '../../formats/index.js';
import { lacuna } from '../testing/lacuna.js';
import { oneStepRun } from '../testing/one-step-run.js';

let folder = '';
let data: DemoData;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-embed-command-'));
  data = await makeDemoData(at('data'), { trainClips: 40, testClips: 5 });
  await oneStepRun('tiny-mac', data.trainList, at('run'));
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const embed = (output: string, more: readonly string[] = []): readonly string[] => [
  ...['embed', at('run'), '--data', data.testList, '--output', at(output), ...more],
];

interface Manifest {
  readonly vector: { readonly kind: string };
  readonly model: { readonly digest: string };
  readonly file: { readonly shape: readonly number[]; readonly sha256: string };
  readonly rows: readonly { readonly id: string; readonly caption?: { readonly text: string } }[];
  readonly problems: readonly { readonly id: string }[];
}

async function manifest(output: string): Promise<Manifest> {
  return JSON.parse(await readFile(at(`${output}.json`), 'utf8')) as Manifest;
}

describe('lacuna embed', () => {
  it('writes the same vectors to each kind of file, in the order of the list, with their names beside', async () => {
    const first = await lacuna(embed('a.npy', ['--cache', at('cache')]));
    expect([first.code, first.stdout]).toEqual([
      0,
      expect.stringMatching(/^5 x \d+ in .*a\.npy\. Its rows are named in .*a\.npy\.json\.\n$/),
    ]);
    const again = await lacuna(embed('a.safetensors', ['--cache', at('cache')]));
    expect(again.stderr).toContain('Vectors: 0 were kept on the way, 10 were read.');
    await lacuna(embed('a.npz', ['--no-cache']));
    const { shape, values } = decodeNpy(await readFile(at('a.npy')), 'a.npy');
    expect(new Set(values).size).toBeGreaterThan(values.length / 2);
    const file = await SafetensorsFile.open(at('a.safetensors'));
    expect(await file.read('vectors')).toEqual({ dtype: 'f32', shape, data: values });
    await file.close();
    // The archive holds the bytes of the .npy file as they are, and the names.
    const archive = await readFile(at('a.npz'));
    expect(archive.includes(await readFile(at('a.npy')))).toBe(true);
    const ids = (await readFile(data.testList, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { readonly video: string }).video);
    const { rows, file: written, vector } = await manifest('a.npy');
    expect(rows.map(({ id }) => id)).toEqual(ids);
    expect([written.shape, vector.kind]).toEqual([shape, 'features']);
    expect((await readdir(folder)).filter((name) => name.startsWith('.lacuna-embed'))).toEqual([]);
  });

  it('says that labels by name are not written', async () => {
    const [line = ''] = (await readFile(data.testList, 'utf8')).split('\n');
    const { video } = JSON.parse(line) as { readonly video: string };
    const labels = { noun: 'cup', verb: 'take' };
    await writeFile(at('several.jsonl'), JSON.stringify({ video, labels }));
    const list = ['--data', at('several.jsonl'), '--root', data.folder];
    const { code, stderr } = await lacuna(embed('several.npy', [...list, '--cache', at('cache')]));
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('The list has labels by name: noun, verb; they are not written'),
    ]);
  });

  it('writes all tokens, whose mean is the feature; aligned vectors and captions, of length 1', async () => {
    await lacuna(embed('tokens.npy', ['--vector', 'tokens', '--cache', at('cache')]));
    const tokens = decodeNpy(await readFile(at('tokens.npy')), 'tokens');
    const features = decodeNpy(await readFile(at('a.npy')), 'features');
    const [clips = 0, count = 0, width = 0] = tokens.shape;
    expect([clips, width]).toEqual(features.shape);
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (let token = 0; token < count; token++) sum += tokens.values[token * width + i] ?? 0;
      expect(sum / count).toBeCloseTo(features.values[i] ?? 0, 4);
    }
    for (const kind of ['aligned', 'captions']) {
      const output = `${kind}.npy`;
      await lacuna(embed(output, ['--vector', kind, '--cache', at('cache')]));
      const { shape, values } = decodeNpy(await readFile(at(output)), output);
      const [rows = 0, size = 0] = shape;
      for (let row = 0; row < rows; row++) {
        const own = values.subarray(row * size, (row + 1) * size);
        expect(Math.hypot(...own)).toBeCloseTo(1, 4);
      }
    }
    const { rows } = await manifest('captions.npy');
    expect(rows.every(({ caption }) => (caption?.text.length ?? 0) > 0)).toBe(true);
  });

  it('that is killed goes on where it was, and writes the same bits', async () => {
    const long = (output: string): readonly string[] => [
      ...['embed', at('run'), '--data', data.trainList, '--output', at(output)],
      ...['--cache', at(`cache-${output}`)],
    ];
    const straight = await lacuna(long('straight.npy'));
    expect(straight.code).toBe(0);
    const kill = (child: ChildProcess): void => {
      child.stderr?.on('data', (piece: Buffer) => {
        if (piece.includes('clips embedded')) child.kill('SIGKILL');
      });
    };
    const killed = await lacuna(long('killed.npy'), { started: kill });
    expect([killed.code, await readdir(folder)]).toEqual([
      null,
      expect.not.arrayContaining(['killed.npy']),
    ]);
    await lacuna(long('killed.npy'));
    expect(await readFile(at('killed.npy'))).toEqual(await readFile(at('straight.npy')));
  });

  it('leaves out what cannot be read, and says what is wrong with the rest', async () => {
    const [line = ''] = (await readFile(data.testList, 'utf8')).split('\n');
    await writeFile(join(data.folder, 'broken.mp4'), 'no video');
    const list = join(data.folder, 'some.jsonl');
    await writeFile(list, `{"video": "broken.mp4"}\n${line}\n`);
    const some = await lacuna(['embed', at('run'), '--data', list, '--output', at('some.npy')]);
    expect(some.stdout).toMatch(/^1 x \d+ in .*; 1 clips are left out or lack frames\./);
    const { rows, problems } = await manifest('some.npy');
    expect([rows.length, problems.map(({ id }) => id)]).toEqual([1, ['broken.mp4']]);
    const strange = await lacuna(embed('a.csv'));
    expect(strange.stderr).toContain(
      'a.csv: vectors are not written to such a file; expected a name that ends with .safetensors, .npy, .npz, .parquet',
    );
    await writeFile(list, '{"video": "broken.mp4"}\n');
    const none = await lacuna(embed('none.npy', ['--vector', 'captions']).with(3, list));
    expect(none.stderr).toContain('no clip of the list has a caption');
  });
});

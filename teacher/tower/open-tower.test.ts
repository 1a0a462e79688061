import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GraphProto } from '../../formats/onnx/onnx_pb.js';
import type { Aligner } from '../../run/aligner.js';
import { LacunaError } from '../../spec/errors.js';
import { openTower } from './open-tower.js';
import {
  BOUND,
  COUNT,
  type Expected,
  editJson,
  editOnnx,
  expected,
  type Form,
  farthest,
  images,
  type Kind,
  moveOut,
  PATCHES,
  SIZE,
  towerFolder,
} from './testing/tower-fixture.js';

let scratch = '';
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'lacuna-tower-'));
});
afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

describe.each<[Kind, Form, number]>([
  ['clip', 'combined', 20],
  ['clip', 'two files', 20],
  ['siglip', 'combined', 24],
  ['siglip', 'two files', 24],
])('a %s teacher, %s', (kind, form, width) => {
  let tower: Aligner;
  let from: Expected;
  beforeAll(async () => {
    tower = await openTower(await towerFolder(scratch, kind, form));
    from = await expected(kind);
  });
  afterAll(async () => {
    await tower.dispose();
  });

  it('says what it is', () => {
    expect(tower).toMatchObject({ width, size: SIZE, patch: 8 });
    expect(tower.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it('embeds images as PyTorch does', async () => {
    const found = await tower.embedImages(images, COUNT);
    expect(farthest(found, from.images)).toBeLessThan(BOUND);
  });

  it('embeds captions as PyTorch does', async () => {
    const found = await tower.embedTexts(from.captions);
    expect(farthest(found, from.texts)).toBeLessThan(BOUND);
  });

  it('embeds patches as PyTorch does', async () => {
    const found = await tower.embedPatches(images, COUNT);
    expect(found.length).toBe(COUNT * PATCHES * width);
    expect(farthest(found, from.patches)).toBeLessThan(BOUND);
  });
});

describe('a teacher', () => {
  it('embeds alike whatever else is in the batch, and nothing at all', async () => {
    const tower = await openTower(await towerFolder(scratch, 'clip', 'two files'));
    const many = 37;
    const all = new Uint8Array(many * SIZE * SIZE * 3);
    for (let i = 0; i < many; i++) {
      const from = (i % COUNT) * SIZE * SIZE * 3;
      all.set(images.subarray(from, from + SIZE * SIZE * 3), i * SIZE * SIZE * 3);
    }
    const { images: one, texts, patches, captions } = await expected('clip');
    const repeated = (rows: readonly number[]): number[] => {
      const width = rows.length / COUNT;
      return Array.from({ length: many * width }, (_, i) => rows[i % (COUNT * width)] ?? 0);
    };
    expect(farthest(await tower.embedImages(all, many), repeated(one))).toBeLessThan(BOUND);
    expect(farthest(await tower.embedPatches(all, many), repeated(patches))).toBeLessThan(BOUND);
    const said = Array.from({ length: many }, (_, i) => captions[i % COUNT] ?? '');
    expect(farthest(await tower.embedTexts(said), repeated(texts))).toBeLessThan(BOUND);
    expect(await tower.embedImages(new Uint8Array(), 0)).toHaveLength(0);
    expect(await tower.embedPatches(new Uint8Array(), 0)).toHaveLength(0);
    expect(await tower.embedTexts([])).toHaveLength(0);
    await tower.dispose();
  });

  it('has a digest that follows from all of its files', async () => {
    const folder = await towerFolder(scratch, 'clip', 'combined');
    const digest = async (): Promise<string> => {
      const tower = await openTower(folder);
      await tower.dispose();
      return tower.digest;
    };
    const seen = [await digest()];
    expect(await digest()).toBe(seen[0]);
    for (const name of ['config', 'preprocessor_config', 'tokenizer', 'tokenizer_config']) {
      await editJson(folder, `${name}.json`, (value) => {
        value.added = {};
      });
      seen.push(await digest());
    }
    const onnx = join(folder, 'onnx', 'model.onnx');
    await moveOut(onnx, `${onnx}_data`, 'model.onnx_data');
    seen.push(await digest());
    const data = await readFile(`${onnx}_data`);
    data[0] = (data[0] ?? 0) ^ 1;
    await writeFile(`${onnx}_data`, data);
    seen.push(await digest());
    expect(new Set(seen).size).toBe(7);
  });

  it('may have its weights in a file beside', async () => {
    const folder = await towerFolder(scratch, 'siglip', 'combined');
    const onnx = join(folder, 'onnx', 'model.onnx');
    await moveOut(onnx, `${onnx}_data`, 'model.onnx_data');
    const tower = await openTower(folder);
    const from = await expected('siglip');
    expect(farthest(await tower.embedImages(images, COUNT), from.images)).toBeLessThan(BOUND);
    expect(farthest(await tower.embedPatches(images, COUNT), from.patches)).toBeLessThan(BOUND);
    expect(farthest(await tower.embedTexts(from.captions), from.texts)).toBeLessThan(BOUND);
    await tower.dispose();
    await truncate(`${onnx}_data`, 1000);
    const cut = await openTower(folder);
    await expect(cut.embedImages(images, COUNT)).rejects.toThrow(/external data .* is cut off/);
    await cut.dispose();
    await rm(`${onnx}_data`);
    await expect(openTower(folder)).rejects.toThrow(
      /model\.onnx_data: the file cannot be read; got ENOENT/,
    );
  });

  it('is never read from outside its folder', async () => {
    for (const location of ['../tokenizer.json', '/etc/hostname', 'a/../../config.json', '']) {
      const folder = await towerFolder(scratch, 'clip', 'combined');
      const onnx = join(folder, 'onnx', 'model.onnx');
      await moveOut(onnx, join(scratch, 'elsewhere'), location);
      await expect(openTower(folder)).rejects.toThrow(/a tensor lies outside its folder/);
    }
  });

  it('lower-cases captions for SigLIP where its tokenizer does not', async () => {
    const folder = await towerFolder(scratch, 'siglip', 'two files');
    await editJson(folder, 'tokenizer.json', ({ normalizer }) => {
      const steps = normalizer?.normalizers as { type: string }[];
      expect(steps.shift()?.type).toBe('Lowercase');
    });
    const tower = await openTower(folder);
    const from = await expected('siglip');
    expect(farthest(await tower.embedTexts(from.captions), from.texts)).toBeLessThan(BOUND);
    await tower.dispose();
  });

  it('refuses a caption that is longer than its text tower takes', async () => {
    const tower = await openTower(await towerFolder(scratch, 'clip', 'combined'));
    const caption = 'a red circle moves left '.repeat(9).trim();
    await expect(tower.embedTexts(['star', caption])).rejects.toThrow(
      /^"a red circle moves left .*\.\.\.": the caption is longer than .* got \d+ tokens, expected at most 24/,
    );
    await tower.dispose();
  });

  it('refuses images of another size, and work after its end', async () => {
    const tower = await openTower(await towerFolder(scratch, 'clip', 'two files'));
    await expect(tower.embedImages(images.subarray(1), COUNT)).rejects.toThrow(/3072 an image/);
    await expect(tower.embedPatches(images, 2)).rejects.toThrow(LacunaError);
    await expect(tower.embedImages(images, Number.NaN)).rejects.toThrow(LacunaError);
    await tower.embedImages(images, COUNT);
    await tower.dispose();
    await tower.dispose();
    await expect(tower.embedImages(images, COUNT)).rejects.toThrow(/was disposed of/);
    await expect(tower.embedTexts(['star'])).rejects.toThrow(/was disposed of/);
  });

  it('refuses a file that changed after it was digested', async () => {
    const folder = await towerFolder(scratch, 'clip', 'two files');
    const tower = await openTower(folder);
    await editOnnx(join(folder, 'onnx', 'vision_model.onnx'), (graph) => {
      graph.name = 'another';
    });
    await expect(tower.embedImages(images, COUNT)).rejects.toThrow(
      /has changed while it was in use/,
    );
    await tower.dispose();
  });

  it('that is pooled in an unknown way embeds images, but no patches', async () => {
    for (const kind of ['clip', 'siglip'] as const) {
      const folder = await towerFolder(scratch, kind, 'two files');
      await editOnnx(join(folder, 'onnx', 'vision_model.onnx'), disguisePooling);
      const tower = await openTower(folder);
      const from = await expected(kind);
      expect(farthest(await tower.embedImages(images, COUNT), from.images)).toBeLessThan(BOUND);
      await expect(tower.embedPatches(images, COUNT)).rejects.toThrow(
        /not of a known form\. Use the exact form/,
      );
      await tower.dispose();
    }
  });
});

/** The same numbers, but no `Gather` of the class token and no product with a `Softmax`. */
function disguisePooling(graph: GraphProto): void {
  graph.node = graph.node.flatMap((node) => {
    const [output] = node.output;
    if (node.opType === 'Gather') {
      const axis = node.attribute.find(({ name }) => name === 'axis');
      if (axis !== undefined && axis.i === 1n) axis.i = -2n;
    }
    if (node.opType !== 'Softmax' || output === undefined) return [node];
    const identity = { ...node, name: `${node.name}/same`, opType: 'Identity', attribute: [] };
    const between = `${output}/before`;
    return [
      { ...node, output: [between] },
      { ...identity, input: [between], output: [output] },
    ];
  });
}

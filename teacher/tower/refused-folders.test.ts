import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LacunaError } from '../../spec/errors.js';
import { openTower } from './open-tower.js';
import {
  COUNT,
  editJson,
  editOnnx,
  images,
  type Kind,
  towerFolder,
} from './testing/tower-fixture.js';

let scratch = '';
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'lacuna-tower-'));
});
afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

/** What opening the folder says. It must be a sentence for people, and no more. */
async function refusal(folder: string): Promise<string> {
  const error = await openTower(folder).then(
    async (tower) => {
      await tower.dispose();
      return undefined;
    },
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(LacunaError);
  return error instanceof Error ? error.message : '';
}

describe('a folder is refused in one sentence', () => {
  it('that is not there, or lacks files: it says which to fetch, and from where', async () => {
    expect(await refusal(join(scratch, 'nowhere'))).toMatch(
      /nowhere: there is no such folder\. Fetch config\.json, .*Xenova\/clip-vit-base-patch32/,
    );
    for (const name of ['config.json', 'tokenizer.json', 'onnx/text_model.onnx']) {
      const folder = await towerFolder(scratch, 'clip', 'two files');
      await rm(join(folder, name));
      expect(await refusal(folder)).toContain(`lacks files; got no ${name}`);
    }
    const folder = await towerFolder(scratch, 'clip', 'combined');
    await rm(join(folder, 'onnx'), { recursive: true });
    expect(await refusal(folder)).toContain(
      'got no onnx/vision_model.onnx and onnx/text_model.onnx (or onnx/model.onnx alone). Fetch',
    );
  });

  it.each([
    ['config.json', '{"model_type": "clip"', /config\.json: the file is not JSON/],
    ['config.json', '[]', /a teacher of this kind cannot be read; got no model_type/],
    ['config.json', '{"model_type": "bert"}', /got "bert", expected "clip" or "siglip"/],
    ['config.json', '{"model_type": "clip"}', /config\.json, text_config/],
    ['preprocessor_config.json', '3', /preprocessor_config\.json: this does not describe/],
    ['preprocessor_config.json', '{}', /by what images are normalised/],
    ['tokenizer.json', '{"version"', /tokenizer\.json: the file is not JSON/],
    ['tokenizer.json', '{}', /not a tokenizer that can be used/],
    ['onnx/vision_model.onnx', '', /vision_model\.onnx: this is not an ONNX file/],
    [
      'onnx/text_model.onnx',
      'version https://git-lfs',
      /text_model\.onnx: this is not an ONNX file/,
    ],
  ])('whose %s is %j', async (name, text, sentence) => {
    const folder = await towerFolder(scratch, 'clip', 'two files');
    await writeFile(join(folder, name), text);
    const said = await refusal(folder);
    expect(said).toMatch(sentence);
    expect(said).toContain(folder);
  });

  it.each<[string, Kind, (value: Record<string, Record<string, unknown>>) => void, RegExp]>([
    [
      'image size',
      'clip',
      (c) => set(c, 'vision_config', 'image_size', 64),
      /32 x 32, expected 64/,
    ],
    [
      'patch',
      'clip',
      (c) => set(c, 'vision_config', 'patch_size', 16),
      /patch embedding: .*\[24,3,8,8\]/,
    ],
    ['hidden width', 'clip', (c) => set(c, 'vision_config', 'hidden_size', 32), /patch embedding/],
    ['huge patch', 'clip', (c) => set(c, 'vision_config', 'patch_size', 33), /patch is larger/],
    [
      'vocabulary',
      'clip',
      (c) => set(c, 'text_config', 'vocab_size', 999),
      /token embedding: .*999/,
    ],
    [
      'absurd size',
      'clip',
      (c) => set(c, 'vision_config', 'image_size', 1e9),
      /vision_config\.image_size/,
    ],
    [
      'fraction',
      'siglip',
      (c) => set(c, 'vision_config', 'patch_size', 7.5),
      /vision_config\.patch_size/,
    ],
    [
      'negative length',
      'clip',
      (c) => set(c, 'text_config', 'max_position_embeddings', -1),
      /max_position/,
    ],
    [
      'text width',
      'siglip',
      (c) => set(c, 'text_config', 'projection_size', 16),
      /do not share a space/,
    ],
    [
      'widths',
      'siglip',
      (c) => {
        set(c, 'text_config', 'projection_size', 16);
        set(c, 'vision_config', 'hidden_size', 16);
      },
      /\[any, 24\], expected \[any, 16\]/,
    ],
  ])('whose config.json has another %s than the graph', async (_, kind, change, sentence) => {
    const folder = await towerFolder(scratch, kind, 'two files');
    await editJson(folder, 'config.json', change);
    expect(await refusal(folder)).toMatch(sentence);
  });

  it('whose ONNX files are not those of two towers', async () => {
    const folder = await towerFolder(scratch, 'clip', 'two files');
    const path = (name: string): string => join(folder, 'onnx', `${name}_model.onnx`);
    const vision = await readFile(path('vision'));
    await writeFile(path('vision'), await readFile(path('text')));
    expect(await refusal(folder)).toMatch(
      /got outputs text_embeds, expected image_embeds\. It must/,
    );
    await writeFile(path('vision'), vision.subarray(0, vision.length - 100));
    expect(await refusal(folder)).toMatch(/not an ONNX file that can be used/);
    await writeFile(path('vision'), vision);
    await editOnnx(path('vision'), (graph) => {
      const [input] = graph.input;
      if (input?.type?.value.case === 'tensorType') input.type.value.value.elemType = 10;
    });
    expect(await refusal(folder)).toMatch(/got FLOAT16, expected FLOAT/);
  });

  it('whose bytes were changed anywhere, or it is as good as before', async () => {
    const folder = await towerFolder(scratch, 'clip', 'combined');
    const file = join(folder, 'onnx', 'model.onnx');
    const whole = await readFile(file);
    const place = fc.integer({ min: 0, max: whole.length - 1 });
    const changes = fc.array(fc.tuple(place, fc.integer({ min: 0, max: 255 })), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(changes, fc.option(place), async (changed, end) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, value] of changed) bytes[at] = value;
        await writeFile(file, bytes.subarray(0, end ?? bytes.length));
        const error = await openTower(folder).then(
          (tower) => tower.dispose(),
          (thrown: unknown) => thrown,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(LacunaError);
      }),
      { numRuns: 200 },
    );
  });

  it('whose graph ONNX Runtime does not take, when it is first used', async () => {
    const folder = await towerFolder(scratch, 'clip', 'two files');
    await editOnnx(join(folder, 'onnx', 'text_model.onnx'), (graph) => {
      for (const node of graph.node) if (node.opType === 'Softmax') node.opType = 'Sotfmax';
    });
    const tower = await openTower(folder);
    await expect(tower.embedTexts(['star'])).rejects.toThrow(
      /does not take this file; got .*Sotfmax/,
    );
    await tower.embedImages(images, COUNT);
    await tower.dispose();
  });

  it('whose weights are not numbers', async () => {
    const folder = await towerFolder(scratch, 'clip', 'two files');
    await editOnnx(join(folder, 'onnx', 'vision_model.onnx'), (graph) => {
      for (const tensor of graph.initializer)
        if (tensor.dims.length === 4) tensor.rawData.fill(255);
    });
    const tower = await openTower(folder);
    await expect(tower.embedImages(images, COUNT)).rejects.toThrow(
      /without a direction; got length NaN/,
    );
    await tower.dispose();
  });

  it('with a tokenizer that has more tokens than the text tower', async () => {
    const folder = await towerFolder(scratch, 'clip', 'two files');
    await editJson(folder, 'tokenizer.json', (value) => {
      const added = value.added_tokens as unknown as object[];
      added.push({ id: 5000, content: 'zebra', special: true, normalized: false });
    });
    const tower = await openTower(folder);
    await expect(tower.embedTexts(['a zebra'])).rejects.toThrow(
      /got token 5000, expected below \d+/,
    );
    await tower.dispose();
  });

  it('whose config.json is too large to be one', async () => {
    const folder = await towerFolder(scratch, 'clip', 'two files');
    await writeFile(join(folder, 'config.json'), ' '.repeat(2 ** 20 + 1));
    expect(await refusal(folder)).toMatch(/too large for a configuration; got 1048577 bytes/);
  });

  it('whose text tower has fewer positions than it says, when it is first used', async () => {
    const folder = await towerFolder(scratch, 'clip', 'combined');
    await editJson(folder, 'config.json', (c) =>
      set(c, 'text_config', 'max_position_embeddings', 25),
    );
    const tower = await openTower(folder);
    await expect(tower.embedTexts(['star'])).rejects.toThrow(/failed to run this file; got/);
    await tower.dispose();
  });

  it('with a number of threads that is none', async () => {
    const folder = await towerFolder(scratch, 'clip', 'two files');
    await expect(openTower(folder, { threads: 0 })).rejects.toThrow(/number of threads/);
  });
});

function set(
  value: Record<string, Record<string, unknown>>,
  part: string,
  key: string,
  to: unknown,
): void {
  const found = value[part];
  expect(found).toBeDefined();
  if (found !== undefined) found[key] = to;
}

import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { capable } from '../../../core/testing/capability.js';
import { keyFrames, readClipList, videoBackend } from '../../../data/index.js';
import { writeBrokenVideos, writeTestVideo } from '../../../data/testing/test-videos.js';
import type { CaptionSource } from '../caption-source.js';
import { type CaptionEvent, makeCaptions } from '../make-captions.js';
import { TINY_CAPTIONERS, writeTinyCaptioner } from '../testing/tiny-captioner.js';
import { openCaptioner } from './captioner.js';
import { openCaptionerFolder } from './captioner-folder.js';
import { modelCaptions } from './model-captions.js';
import { checkRuntime, loadTransformers } from './transformers-library.js';

const reasonOf = (error: unknown): string => String(error).split('\n')[0] ?? '';
const noLibrary = await loadTransformers().then(() => undefined, reasonOf);
const noVideo = await videoBackend('node-av').then(() => undefined, reasonOf);
const library = capable('transformers', noLibrary);
const video = capable('node-av', noVideo);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-captioner-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a folder with a captioner', () => {
  let model = '';
  beforeEach(() => {
    model = mkdtempSync(join(folder, 'model-'));
    writeTinyCaptioner(model, 'vit-gpt2');
  });
  const config = (content: string): void => writeFileSync(join(model, 'config.json'), content);

  it('is known by its configuration', async () => {
    for (const [name, kind] of [
      ['vit-gpt2', 'vision-encoder-decoder'],
      ['florence-2', 'florence2'],
      ['smolvlm', 'smolvlm'],
    ] as const) {
      const path = join(folder, name);
      writeTinyCaptioner(path, name);
      expect(await openCaptionerFolder(path, 'fp32')).toMatchObject({ kind });
    }
  });

  it('has a digest of all that its captions depend on', async () => {
    const digest = async (): Promise<string> => (await openCaptionerFolder(model, 'fp32')).digest;
    const first = await digest();
    expect(await digest()).toBe(first);
    writeFileSync(join(model, 'README.md'), 'words');
    expect(await digest()).toBe(first);
    const seen = new Set([first]);
    for (const name of ['tokenizer.json', 'onnx/encoder_model.onnx', 'generation_config.json']) {
      const path = join(model, name);
      writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from(' ')]));
      seen.add(await digest());
    }
    writeFileSync(join(model, 'onnx/decoder_model_merged.onnx_data'), 'weights');
    expect(seen.add(await digest()).size).toBe(5);
  });

  it.each(['blip', 'blip-2', 'git'])('cannot be %s, which it says', async (type) => {
    config(JSON.stringify({ model_type: type }));
    await expect(openCaptionerFolder(model, 'fp32')).rejects.toThrow(
      /BLIP-2 and GIT.*are not to be had in JavaScript.*Florence-2/,
    );
  });

  it.each([
    [
      '{"model_type": "bert"}',
      /no captioner that is known; got model_type "bert", expected vision-/,
    ],
    ['{"model_type": "__proto__"}', /no captioner that is known/],
    ['{}', /no captioner that is known/],
    ['[', /configuration of the captioner cannot be read/],
    ['null', /no captioner that is known/],
    ['', /lacks a file, or it is empty; expected config.json/],
  ])('is refused with the configuration %j', async (content, message) => {
    config(content);
    await expect(openCaptionerFolder(model, 'fp32')).rejects.toThrow(message);
  });

  it.each(['tokenizer.json', 'preprocessor_config.json', 'onnx/decoder_model_merged.onnx'])(
    'is refused without %s',
    async (name) => {
      renameSync(join(model, name), join(model, 'elsewhere'));
      await expect(openCaptionerFolder(model, 'fp32')).rejects.toThrow(`expected ${name}`);
    },
  );

  it('has the type of numbers that is asked for', async () => {
    await expect(openCaptionerFolder(model, 'q8')).rejects.toThrow(
      /got decoder_model_merged.onnx, encoder_model.onnx, expected onnx\/encoder_model_quantized.onnx.*--dtype \(now q8\)/,
    );
    await expect(openCaptionerFolder(model, 'fp8')).rejects.toThrow(/--dtype: unknown type/);
    await expect(openCaptionerFolder(join(model, 'no'), 'fp32')).rejects.toThrow(/does not exist/);
  });
});

describe('the library', () => {
  const before = process.env.LACUNA_TRANSFORMERS;
  afterEach(() => {
    if (before === undefined) delete process.env.LACUNA_TRANSFORMERS;
    else process.env.LACUNA_TRANSFORMERS = before;
  });

  /** A folder with packages that throw when they are loaded, at these versions. */
  function packages(versions: Readonly<Record<string, string>>): void {
    const root = mkdtempSync(join(folder, 'packages-'));
    for (const [name, version] of Object.entries(versions)) {
      const path = join(root, 'node_modules', name);
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, 'package.json'), JSON.stringify({ name, version }));
      writeFileSync(join(path, 'index.js'), 'throw new Error("loaded\\nlines");');
    }
    process.env.LACUNA_TRANSFORMERS = root;
  }
  const NAME = '@huggingface/transformers';

  it.each([
    [
      {},
      /need the package @huggingface.transformers; got it is not there.*npm install --ignore-scripts/,
    ],
    [{ [NAME]: '3.8.1' }, /got version 3.8.1, expected version 4.3.1/],
    [
      { [NAME]: '4.0.1', 'onnxruntime-node': '1.24.3' },
      /two cannot live in one process; got onnxruntime-node 1.24.3/,
    ],
    [
      { [NAME]: '4.3.1', 'onnxruntime-node': '1.30.0' },
      /got Error: loaded, expected version 4.3.1/,
    ],
  ])('is refused with the packages %j', async (versions, message) => {
    packages(versions);
    await expect(loadTransformers()).rejects.toThrow(message);
  });

  it('has the ONNX Runtime that Lacuna has', () => {
    expect(() => checkRuntime('1.30.0', '1.30.0')).not.toThrow();
    expect(() => checkRuntime('1.30.0', '1.24.3')).toThrow(
      /two cannot live in one process; got onnxruntime-node 1.24.3, expected onnxruntime-node 1.30.0/,
    );
  });
});

describe.skipIf(!library)(
  `captioners of a few hundred weights${library ? '' : ` (${noLibrary})`}`,
  () => {
    const options = { dtype: 'fp32', maxTokens: 8, instruction: 'Describe it.' };
    /** A frame that is bright in one channel, and not square. */
    const frame = (channel: number): Uint8Array =>
      Uint8Array.from({ length: 20 * 12 * 3 }, (_, i) => (i % 3 === channel ? 220 : 30));

    it.each(TINY_CAPTIONERS)('see and say, token by token: %s', async (name) => {
      const path = join(folder, `tiny ${name}`);
      writeTinyCaptioner(path, name);
      await using captioner = await openCaptioner(await openCaptionerFolder(path, 'fp32'), options);
      for (const [channel, colour] of ['red', 'green', 'blue', 'red'].entries()) {
        const caption = await captioner.caption(frame(channel % 3), 20, 12);
        expect(caption.trim()).toBe(`a ${colour} picture`);
      }
    });

    it('stop at the longest caption', async () => {
      const path = join(folder, 'short');
      writeTinyCaptioner(path, 'vit-gpt2');
      const opened = await openCaptionerFolder(path, 'fp32');
      await using captioner = await openCaptioner(opened, { ...options, maxTokens: 2 });
      expect(await captioner.caption(frame(1), 20, 12)).toBe('a green');
    });

    it('are told when they do not load', async () => {
      const path = join(folder, 'broken');
      writeTinyCaptioner(path, 'vit-gpt2');
      writeFileSync(join(path, 'onnx/encoder_model.onnx'), 'no graph');
      const opened = await openCaptionerFolder(path, 'fp32');
      await expect(openCaptioner(opened, options)).rejects.toThrow(/the captioner does not load/);
    });

    it('never reach for the network', async () => {
      const { env } = await loadTransformers();
      expect(env.allowRemoteModels).toBe(false);
      await expect(env.fetch('https://example.com')).rejects.toThrow('the network is not used');
    });

    it.skipIf(!video)('make captions of key frames', async () => {
      const root = join(folder, 'videos');
      mkdirSync(root);
      await writeTestVideo(join(root, 'long.mp4'), 20, 1);
      await writeTestVideo(join(root, 'two.mp4'), 2, 2);
      const broken = writeBrokenVideos(root);
      const records = ['long.mp4', 'two.mp4', ...broken, 'absent.mp4'].map((name) => ({
        id: name,
        video: name,
        captions: [],
      }));
      const model = join(folder, 'a model');
      writeTinyCaptioner(model, 'vit-gpt2');
      await using source: CaptionSource = await modelCaptions(records, { folder: model, root });
      expect(source.facts).toMatchObject({ source: 'model', frames: 3, dtype: 'fp32' });
      const events: CaptionEvent[] = [];
      const output = join(folder, 'captions.jsonl');
      const onEvent = (event: CaptionEvent): void => void events.push(event);
      const result = await makeCaptions(records, source, { output, onEvent });
      expect(result).toMatchObject({ captioned: 2, leftOut: broken.length + 1 });
      const { records: listed } = await readClipList(output, () => {});
      expect(listed.map(({ video: name, captions }) => [name, captions.length])).toEqual([
        ['long.mp4', 3],
        ['two.mp4', keyFrames(2, 3).length],
      ]);
      for (const { captions } of listed) {
        for (const caption of captions) expect(caption).toMatch(/^a (red|green|blue) picture$/);
      }
      const told = events.filter(({ kind }) => kind === 'note');
      expect(told).toMatchObject([{ video: 'two.mp4', text: '2 of 3 key frames: it has no more' }]);
      expect(JSON.stringify(events)).not.toContain(root);
    });
  },
);

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../../backends/onnx/index.js';
import type { Backend, HostTensor, Named } from '../../core/backend.js';
import { createTokenizer, readTokenizer } from '../../data/index.js';
import {
  type Model,
  ModelBuilder,
  patchify,
  reconstructionModel,
  textEmbeddingModel,
  textEncoder,
  videoEmbeddingModel,
  videoEncoder,
} from '../../spec/index.js';
import { withProgram } from '../open-program.js';
import type { RunSettings } from '../settings/config.js';
import { modelConfig } from '../settings/settings.js';
import { FIXTURES } from './testing/fixtures.js';
import { expectClose, expected, importedState, settingsFor } from './testing/imported.js';

let backend: Backend;
beforeAll(async () => {
  backend = await ONNX.open({ threads: 1 });
});
afterAll(() => backend.dispose());

interface Imported {
  readonly settings: RunSettings;
  readonly state: Named<HostTensor>;
  readonly vocabulary: number;
}

async function imported(name: string, config: object): Promise<Imported> {
  const settings = await settingsFor(join(FIXTURES, name), config);
  const { tokenizer: path } = settings.data;
  const vocabulary = path === undefined ? 0 : createTokenizer(await readTokenizer(path)).vocabSize;
  return { settings, vocabulary, state: await importedState(settings, vocabulary) };
}

/** The tokens of the video encoder at `visible` places: all, where none are named. */
function tokens({ settings, vocabulary }: Imported, batch: number, visible: number): Model {
  const { video, encoder } = modelConfig(settings, vocabulary);
  const model = new ModelBuilder('tokens');
  const { frames: length, size } = video;
  const frames = model.program.input('frames', 'u8', [batch, length, size, size, 3], 'data');
  const places = model.program.input('visible', 'i32', [batch, visible], 'data');
  model.program.output(
    'tokens',
    videoEncoder(model, patchify(frames, video), places, video, encoder),
  );
  return model.finish();
}

function all(batch: number, count: number): HostTensor {
  const data = Int32Array.from({ length: batch * count }, (_, index) => index % count);
  return { dtype: 'i32', shape: [batch, count], data };
}

async function run(
  model: Imported,
  program: Model,
  feeds: Named<HostTensor>,
): Promise<Named<HostTensor>> {
  return withProgram({ backend, state: model.state }, program, (call) => call(feeds));
}

describe('a ViT that Hugging Face transformers saved', () => {
  it.each([16, 24])('has its features at %i pixels', async (size) => {
    const want = await expected('vit');
    const model = await imported('vit', { clip: { frames: 1, size } });
    const count = (size / 4) ** 2;
    const got = await run(model, tokens(model, 2, count), {
      frames: want(`frames.1x${size}`),
      visible: all(2, count),
    });
    expectClose(got.tokens, want(`tokens.1x${size}`));
  });

  it.each<[string, object]>([
    ['an eps of 1e-3', { normEps: 1e-3 }],
    ["CLIP's GELU", { activation: 'quick-gelu' }],
    ['no final norm', { finalNorm: false }],
    ['other heads', { heads: 2 }],
    ['positions that are not taken', { positions: 'sinusoid' }],
  ])('misses by far with %s', async (_, change) => {
    const want = await expected('vit');
    const model = await imported('vit', { clip: { frames: 1, size: 16 } });
    const { settings } = model;
    const other = {
      ...model,
      settings: { ...settings, encoder: { ...settings.encoder, ...change } },
    };
    const feeds = { frames: want('frames.1x16'), visible: all(2, 16) };
    const got = await run(other, tokens(other, 2, 16), feeds);
    expect(() => {
      expectClose(got.tokens, want('tokens.1x16'));
    }).toThrow();
  });

  it('has its features behind divided attention, whose time adds nothing at first', async () => {
    const want = await expected('vit');
    const config = { encoder: { attention: 'divided' }, mask: { kind: 'tube' } };
    const model = await imported('vit', { ...config, clip: { frames: 1, size: 16 } });
    const feeds = { frames: want('frames.1x16'), visible: all(2, 16) };
    const got = await run(model, tokens(model, 2, 16), feeds);
    expectClose(got.tokens, want('tokens.1x16'));
  });

  it('embeds a clip of one image like the image, in cubes of two frames', async () => {
    const want = await expected('vit');
    const model = await imported('vit', { clip: { frames: 2, tubelet: 2, size: 16 } });
    const { shape, data } = want('frames.1x16');
    const [batch = 0, , ...image] = shape;
    const frame = data.length / batch;
    const twice = Uint8Array.from({ length: 2 * data.length }, (_, index) => {
      const clip = Math.floor(index / (2 * frame));
      return Number(data[clip * frame + (index % frame)]);
    });
    const frames = { dtype: 'u8', shape: [batch, 2, ...image], data: twice } as const;
    const got = await run(model, tokens(model, 2, 16), { frames, visible: all(2, 16) });
    expectClose(got.tokens, want('tokens.1x16'));
  });
});

describe('a VideoMAE that Hugging Face transformers saved', () => {
  it('has its features of visible places, and its prediction of masked ones', async () => {
    const want = await expected('videomae');
    const model = await imported('videomae', {
      objective: 'mae',
      clip: { frames: 4, size: 16 },
      mask: { kind: 'tube', ratio: 0.625 },
    });
    const feeds = { frames: want('frames'), visible: want('visible'), masked: want('masked') };
    const seen = await run(model, tokens(model, 2, 12), feeds);
    expectClose(seen.tokens, want('encoded'));
    const shape = { batch: 2, visible: 12 };
    const program = reconstructionModel(modelConfig(model.settings, 0), shape);
    const { prediction } = await run(model, program, feeds);
    expectClose(prediction, want('prediction'));
  });

  it('has its features without a final norm, saved without its decoder', async () => {
    const want = await expected('videomae_model');
    const model = await imported('videomae_model', {
      objective: 'mae',
      clip: { frames: 4, size: 16 },
    });
    const got = await run(model, tokens(model, 2, 32), {
      frames: want('frames'),
      visible: all(2, 32),
    });
    expectClose(got.tokens, want('tokens'));
  });
});

describe('a TimeSformer that Hugging Face transformers saved', () => {
  it('has its features where its attention is joint', async () => {
    const want = await expected('timesformer');
    const model = await imported('timesformer', { clip: { frames: 3, size: 16 } });
    const got = await run(model, tokens(model, 2, 48), {
      frames: want('frames'),
      visible: all(2, 48),
    });
    expectClose(got.tokens, want('tokens'));
  });
});

describe('a CLIP that Hugging Face transformers saved', () => {
  it('embeds images and captions as it does, at its temperature', async () => {
    const want = await expected('clip');
    const model = await imported('clip', {
      objective: 'contrastive',
      clip: { frames: 1, size: 16 },
      text: { length: 24 },
    });
    const config = modelConfig(model.settings, model.vocabulary);
    const video = await run(model, videoEmbeddingModel(config, { batch: 2, visible: 16 }), {
      frames: want('frames'),
      visible: all(2, 16),
    });
    expectClose(video.embedding, want('image'));
    const [batch = 0, textLength = 0] = want('ids').shape;
    const text = await run(model, textEmbeddingModel(config, { batch, textLength }), {
      'text.ids': want('ids'),
      'text.lengths': want('lengths'),
    });
    expectClose(text.embedding, want('text'));
    expectClose(model.state['temperature.log_scale'], want('scale'));
  });
});

describe.each(['bert', 'distilbert'])('a %s that Hugging Face transformers saved', (name) => {
  it('has its first token', async () => {
    const want = await expected(name);
    const model = await imported(name, { objective: 'contrastive' });
    const { contrastive } = modelConfig(model.settings, model.vocabulary);
    if (contrastive === undefined || 'frozen' in contrastive.text)
      throw new Error('no text encoder');
    const builder = new ModelBuilder('text');
    const ids = builder.program.input('ids', 'i32', want('ids').shape, 'data');
    const lengths = builder.program.input('lengths', 'i32', want('lengths').shape, 'data');
    builder.program.output('pooled', textEncoder(builder, ids, lengths, contrastive.text));
    const got = await run(model, builder.finish(), { ids: want('ids'), lengths: want('lengths') });
    expectClose(got.pooled, want('pooled'));
  });

  it('reads captions as its tokenizer does', async () => {
    const want = await expected(name);
    const { settings } = await imported(name, { objective: 'contrastive' });
    const tokenizer = createTokenizer(await readTokenizer(settings.data.tokenizer ?? ''));
    const [rows = 0, length = 0] = want('ids').shape;
    const captions = ['a red ball rolls', 'two dogs', 'a dog and a red ball'];
    expect(rows).toBe(captions.length);
    for (const [row, caption] of captions.entries()) {
      const ids = [...want('ids').data].slice(row * length, (row + 1) * length);
      expect(tokenizer.encode(caption)).toEqual(ids.slice(0, Number(want('lengths').data[row])));
    }
  });
});

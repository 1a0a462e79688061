import { cp, mkdtemp, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostTensor } from '../../core/backend.js';
import { refusalOf } from '../../core/testing/refusal.js';
import { decodeSafetensors, encodeSafetensors } from '../../formats/index.js';
import { modelState } from '../settings/settings.js';
import { RunWeights } from './begin-weights.js';
import { examineWeights, type WeightExamination } from './examine-weights.js';
import { FIXTURES } from './testing/fixtures.js';
import { settingsFor } from './testing/imported.js';
import { withWeights } from './with-weights.js';

let root = '';
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lacuna-weights-'));
});
afterAll(() => rm(root, { recursive: true }));

/** A copy of a fixture that `change` has changed. */
async function changed(
  fixture: string,
  change: (folder: string) => Promise<unknown> = async () => {},
): Promise<string> {
  const folder = join(root, String(count++));
  await cp(join(FIXTURES, fixture), folder, { recursive: true });
  await change(folder);
  return folder;
}

function examined(folder: string, config: object = {}): Promise<WeightExamination> {
  const none = (): void => {};
  const base = { preset: 'tiny-mac', clip: { size: 16 }, text: { length: 12 } };
  const quiet = { onNote: none, onProgress: none };
  return examineWeights(folder, { ...base, objective: 'mae', ...config }, quiet);
}

/** Rewrites the tensors of a file. */
function tensors(
  change: (all: Map<string, HostTensor>) => void,
  file: string = 'model.safetensors',
): (folder: string) => Promise<void> {
  return async (folder) => {
    const path = join(folder, file);
    const all = new Map(decodeSafetensors(await readFile(path), path).tensors);
    change(all);
    await writeFile(path, encodeSafetensors(all));
  };
}

/** Rewrites a JSON file. */
function json(
  change: (value: Record<string, unknown>) => void,
  file: string = 'config.json',
): (folder: string) => Promise<void> {
  return async (folder) => {
    const path = join(folder, file);
    const value = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    change(value);
    await writeFile(path, JSON.stringify(value));
  };
}

function take(all: Map<string, HostTensor>, name: string): HostTensor {
  const tensor = all.get(name);
  if (tensor === undefined) throw new Error(`the fixture has no ${name}`);
  all.delete(name);
  return tensor;
}

const NORM = 'encoder.layer.1.layernorm_before.weight';
const INDEX = 'model.safetensors.index.json';

describe('weights of a stranger', () => {
  it.each<[string, string, (folder: string) => Promise<unknown>, string]>([
    [
      'that lack a tensor',
      'vit',
      tensors((all) => take(all, NORM)),
      `missing; got no such name, expected ${NORM}`,
    ],
    [
      'of which one has another name',
      'vit',
      tensors((all) => all.set('encoder.layer.1.layernorm_befor.weight', take(all, NORM))),
      `missing; got no such name; nearest is encoder.layer.1.layernorm_befor.weight, expected ${NORM}`,
    ],
    [
      'with one more',
      'vit',
      tensors((all) =>
        all.set('encoder.layer.2.extra', { dtype: 'f32', shape: [1], data: new Float32Array(1) }),
      ),
      'encoder.layer.2.extra: ViT has no such tensor, so the weights are of another model; got [1]',
    ],
    [
      'of another shape',
      'vit',
      tensors((all) => all.set(NORM, { ...take(all, NORM), shape: [3, 4] })),
      `${NORM}: this tensor does not fit encoder.1.norm1.weight of the run's model; got f32 [3,4], expected floats, [12]`,
    ],
    [
      'of another size than the configuration says',
      'vit',
      json((config) => {
        config.image_size = 32;
      }),
      'embeddings.position_embeddings: this tensor does not fit encoder.positions.place',
    ],
    [
      'that are half there',
      'vit',
      (folder) => truncate(join(folder, 'model.safetensors'), 9000),
      'this safetensors file is damaged: its tensors take',
    ],
    [
      'cut in the header',
      'vit',
      (folder) => truncate(join(folder, 'model.safetensors'), 100),
      'this safetensors file is damaged: its header claims',
    ],
    [
      'that are empty',
      'vit',
      (folder) => truncate(join(folder, 'model.safetensors'), 0),
      'it has 0 bytes',
    ],
    [
      'that diverged',
      'vit',
      tensors((all) =>
        all.set(NORM, { ...take(all, NORM), data: new Float32Array(12).fill(Number.NaN) }),
      ),
      `${NORM}: a weight is no finite number; got NaN at 0`,
    ],
    [
      'that are integers',
      'vit',
      tensors((all) =>
        all.set(NORM, { ...take(all, NORM), dtype: 'i32', data: new Int32Array(12) }),
      ),
      'got i32 [12], expected floats, [12]',
    ],
    [
      'that are pickled',
      'vit',
      (folder) => rename(join(folder, 'model.safetensors'), join(folder, 'pytorch_model.bin')),
      'there is no model.safetensors here; got pytorch_model.bin',
    ],
    [
      'of an adapter',
      'vit',
      (folder) =>
        rename(join(folder, 'model.safetensors'), join(folder, 'adapter_model.safetensors')),
      'these are the weights of an adapter',
    ],
    [
      'behind a link',
      'vit',
      async (folder) => {
        await rename(join(folder, 'model.safetensors'), join(folder, 'elsewhere'));
        await symlink('elsewhere', join(folder, 'model.safetensors'));
      },
      'this is a link, and links of a model are not followed. Copy the folder with what its links lead to',
    ],
    [
      'without a configuration',
      'vit',
      (folder) => rm(join(folder, 'config.json')),
      'holds neither a model nor a run',
    ],
    [
      'with half a configuration',
      'vit',
      (folder) => truncate(join(folder, 'config.json'), 50),
      'this file is not JSON',
    ],
    [
      'with a configuration that is too long',
      'vit',
      (folder) => writeFile(join(folder, 'config.json'), Buffer.alloc(16 * 2 ** 20 + 1, ' ')),
      'this file is too large',
    ],
    ...(
      [
        ['model_type', 'gpt2', 'weights of this kind of model cannot be taken; got "gpt2"'],
        ['model_type', '__proto__', 'weights of this kind of model cannot be taken'],
        [
          'hidden_size',
          1e12,
          'config.json: hidden_size: this value of the configuration cannot be used',
        ],
        ['num_hidden_layers', -1, 'config.json: num_hidden_layers: this value'],
        ['image_size', [16, 32], 'frames are square here'],
        ['num_channels', 1, 'config.json: num_channels: this value'],
        ['hidden_act', 'relu', 'blocks with this activation cannot be had here; got relu'],
        ['patch_size', 5, 'the patches of this model do not tile its images'],
      ] as const
    ).map(
      ([key, value, sentence]): [string, string, (folder: string) => Promise<unknown>, string] => [
        `whose ${key} is ${String(value)}`,
        'vit',
        json((config) => {
          config[key] = value;
        }),
        sentence,
      ],
    ),
    [
      'that do not say how pixels are normalised',
      'vit',
      json((values) => {
        values.image_mean = [0.5];
      }, 'preprocessor_config.json'),
      'it does not say how pixels are normalised',
    ],
  ])('%s are refused in a sentence', async (_, fixture, change, sentence) => {
    expect(await refusalOf(examined(await changed(fixture, change)))).toContain(sentence);
  });

  it.each<[string, (folder: string) => Promise<unknown>, string]>([
    [
      'leads out of the folder',
      json((index) => {
        index.weight_map = { 'a.weight': '../secret.safetensors' };
      }, INDEX),
      'this index of weights cannot be used',
    ],
    [
      'names nothing',
      json((index) => {
        index.weight_map = {};
      }, INDEX),
      'this index of weights cannot be used; got 0 files',
    ],
    [
      'names a file that is not there',
      (folder) => rm(join(folder, 'model-00002-of-00002.safetensors')),
      'a file of the weights is missing; got no model-00002-of-00002.safetensors',
    ],
    [
      'names a tensor that is in no file',
      json((index) => {
        index.weight_map = {
          ...(index.weight_map as object),
          ghost: 'model-00001-of-00002.safetensors',
        };
      }, INDEX),
      'a tensor that the index names is in none of its files; got ghost',
    ],
    [
      'has files with a tensor in both',
      async (folder) =>
        cp(
          join(folder, 'model-00001-of-00002.safetensors'),
          join(folder, 'model-00002-of-00002.safetensors'),
        ),
      'two files of this model have a tensor of the same name',
    ],
  ])('whose index %s are refused in a sentence', async (_, change, sentence) => {
    const folder = await changed('distilbert', change);
    expect(await refusalOf(examined(folder, { objective: 'contrastive' }))).toContain(sentence);
  });
});

describe('every tensor', () => {
  it('of a classifier is taken or left out', async () => {
    const { record } = await examined(join(FIXTURES, 'vit_classifier'));
    expect(record).toMatchObject({
      model: 'ViT',
      taken: 38,
      leftOut: { count: 2, names: ['classifier.bias', 'classifier.weight'] },
    });
    expect(record.anew.names).toContain('encoder.positions.slot');
  });

  it('of a DeiT is taken, but for its second token', async () => {
    const { record } = await examined(join(FIXTURES, 'deit'));
    expect(record.leftOut.names).toEqual([
      'embeddings.distillation_token',
      'pooler.dense.bias',
      'pooler.dense.weight',
    ]);
  });

  it('of a TimeSformer is taken, but for its attention over time', async () => {
    const { record } = await examined(join(FIXTURES, 'timesformer_divided'));
    expect(record.leftOut.names.every((name) => name.includes('.temporal_'))).toBe(true);
    expect(record.anew.names).not.toContain('encoder.positions.slot');
  });

  it('of a CLIP is taken of the tower that is asked for', async () => {
    const both = await examined(join(FIXTURES, 'clip'), {
      objective: 'contrastive',
      text: { length: 24 },
    });
    expect(both.record).toMatchObject({ towers: ['video', 'text'], leftOut: { count: 0 } });
    const { record } = await examined(join(FIXTURES, 'clip'));
    expect(record.towers).toEqual(['video']);
    expect(record.leftOut.names).toContain('text_model.encoder.layers.{i}.layer_norm1.weight');
  });

  it('of an old BERT is taken, whose norms have gamma and beta', async () => {
    const old = await changed(
      'bert',
      tensors((all) => {
        for (const name of [...all.keys()].filter((each) => each.includes('LayerNorm.'))) {
          all.set(name.replace('.weight', '.gamma').replace('.bias', '.beta'), take(all, name));
        }
        const data = new Int32Array(16);
        all.set('bert.embeddings.position_ids', { dtype: 'i32', shape: [16], data });
      }),
    );
    const today = await examined(join(FIXTURES, 'bert'), { objective: 'contrastive' });
    const { record } = await examined(old, { objective: 'contrastive' });
    expect(record.taken).toBe(today.record.taken);
    expect(record.leftOut.count).toBe(today.record.leftOut.count + 1);
  });
});

describe('settings', () => {
  it('follow the weights where a person leaves them open', async () => {
    const { encoder, clip, contrastive } = await settingsFor(join(FIXTURES, 'clip'), {
      clip: { size: 16 },
      text: { length: 12 },
    });
    expect(encoder).toMatchObject({
      width: 12,
      depth: 2,
      mlpRatio: 2.5,
      normEps: 1e-5,
      activation: 'quick-gelu',
      embeddingNorm: true,
      positions: 'learned-zero-slots',
    });
    expect(clip.mean).toEqual([0.48145466, 0.4578275, 0.40821073]);
    expect(contrastive).toMatchObject({
      temperature: { kind: 'learned' },
      videoProjection: { kind: 'linear', width: 10, bias: false },
    });
  });

  it.each<[string, object, string]>([
    ['vit', { encoder: { normEps: 1e-6 } }, 'encoder.normEps: the weights in'],
    [
      'vit',
      { encoder: { positions: 'sinusoid' } },
      'got "sinusoid", expected "learned-zero-slots" or "learned"',
    ],
    ['vit', { clip: { patch: 8, size: 16 } }, 'clip.patch: the weights in'],
    ['bert', { objective: 'contrastive', text: { norms: 'before' } }, 'text.norms: the weights in'],
    ['bert', { objective: 'contrastive', text: { length: 17 } }, 'got 17, expected at most 16'],
    ['bert', { objective: 'mae' }, 'they are of a text encoder, and it has none'],
    [
      'clip',
      { objective: 'contrastive', text: { init: 'other' } },
      'two folders hold a text encoder',
    ],
  ])('of a run from %s that contradict are refused: %j', async (fixture, config, sentence) => {
    const base = { preset: 'tiny-mac', data: { list: 'l' }, output: 'o', ...config };
    expect(await refusalOf(withWeights(base, [join(FIXTURES, fixture)]))).toContain(sentence);
  });

  it('need the tokenizer of the weights, also where nobody asked for settings that follow', async () => {
    const folder = join(FIXTURES, 'bert');
    const settings = await settingsFor(folder, { text: { length: 16 } });
    const { tokenizer, ...data } = settings.data;
    expect(tokenizer).toBe(join(folder, 'tokenizer.json'));
    expect(await refusalOf(RunWeights.open({ ...settings, data }, () => {}))).toContain(
      'data.tokenizer: a text encoder that begins with weights needs the tokenizer',
    );
    const notes: string[] = [];
    const other = { ...settings, data: { ...data, tokenizer: 'other.json' } };
    const weights = await RunWeights.open(other, (text) => void notes.push(text));
    await weights.plan(modelState(settings, 11));
    await weights.close();
    expect(notes.join()).toContain('other.json is not the tokenizer beside the weights');
    expect(notes.join()).toContain('the token table has 13 rows, the tokenizer 11 ids');
  });

  it('that were resolved without the weights are held to them', async () => {
    const folder = join(FIXTURES, 'vit');
    const settings = await settingsFor(folder, {});
    const { finalNorm: _, ...encoder } = settings.encoder;
    await (await RunWeights.open({ ...settings, encoder }, () => {})).close();
    const other = { ...settings, encoder: { ...encoder, width: 24 } };
    expect(await refusalOf(RunWeights.open(other, () => {}))).toContain(
      'encoder.width: the weights in',
    );
  });

  it('need a tokenizer', async () => {
    const folder = await changed('bert', (copy) => rm(join(copy, 'tokenizer.json')));
    const base = { preset: 'tiny-mac', data: { list: 'l' }, output: 'o' };
    expect(await refusalOf(withWeights(base, [folder]))).toContain('there is no tokenizer.json');
  });
});

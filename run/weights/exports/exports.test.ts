import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostTensor, Named } from '../../../core/backend.js';
import { createTokenizer, readTokenizer } from '../../../data/index.js';
import { writeSafetensors } from '../../../formats/index.js';
import { SafetensorsFile } from '../../../formats/safetensors/safetensors-file.js';
import { type Layout, type StateSpec, VIDEOMAE_MCG } from '../../../spec/index.js';
import type { RunSettings } from '../../settings/config.js';
import { parseConfig } from '../../settings/parse-config.js';
import { modelState, resolveSettings } from '../../settings/settings.js';
import { withoutFolders } from '../../without-folders.js';
import type { TextFacts } from '../architectures/config-fields.js';
import { FIXTURES } from '../testing/fixtures.js';
import { importedState, settingsFor } from '../testing/imported.js';
import { readJson } from '../weight-files.js';
import { givenTensors } from './given-tensors.js';
import type { ExportModelName } from './models.js';
import { type ExportPlan, planExport } from './plan-export.js';
import { writtenTensors } from './written-tensors.js';

interface Taken {
  readonly settings: RunSettings;
  readonly specs: readonly StateSpec[];
  readonly state: Named<HostTensor>;
  readonly facts: TextFacts;
}

const NO_TEXT: TextFacts = { vocabulary: 1, begin: null, end: null, pad: 0 };

/** A run as it begins with the weights of a folder. */
async function taken(folder: string, config: object): Promise<Taken> {
  const settings = await settingsFor(folder, config);
  const { tokenizer: path } = settings.data;
  const tokenizer = path === undefined ? undefined : createTokenizer(await readTokenizer(path));
  const vocabulary = tokenizer?.vocabSize ?? settings.text.vocabulary;
  const facts =
    tokenizer === undefined
      ? NO_TEXT
      : { vocabulary, begin: tokenizer.clsId, end: tokenizer.eosId, pad: tokenizer.padId };
  const state = await importedState(settings, vocabulary);
  return { settings, specs: modelState(settings, vocabulary), state, facts };
}

async function made(
  plan: Pick<ExportPlan, 'tensors'>,
  { state }: Taken,
): Promise<Named<HostTensor>> {
  const run = { read: async ({ name }: StateSpec) => state[name] as HostTensor };
  const { declared, read } = writtenTensors(run, plan.tensors);
  const all: Record<string, HostTensor> = {};
  for (const { name } of declared) all[name] = await read(name);
  return all;
}

const ONE_FRAME = { clip: { frames: 1, size: 16 } };
/** The projections of a CLIP, which a tower saved alone does not ask for. */
const LINEAR = { kind: 'linear', width: 10, bias: false };
const ALIGNED = {
  objective: 'contrastive',
  contrastive: { videoProjection: LINEAR, textProjection: LINEAR },
};
const CASES: readonly [
  fixture: string,
  model: ExportModelName,
  config: object,
  notThere: RegExp,
][] = [
  [
    'videomae',
    'videomae',
    { objective: 'mae', clip: { frames: 4, size: 16 }, mask: { kind: 'tube', ratio: 0.625 } },
    /^$/,
  ],
  ['videomae_model', 'videomae-encoder', { objective: 'mae', clip: { frames: 4, size: 16 } }, /^$/],
  ['clip', 'clip', { objective: 'contrastive', ...ONE_FRAME, text: { length: 24 } }, /^$/],
  ['clip_vision', 'clip-vision', { ...ALIGNED, ...ONE_FRAME }, /^$/],
  ['clip_text', 'clip-text', { ...ALIGNED, text: { length: 24 } }, /^$/],
  ['bert_model', 'bert', { objective: 'contrastive', text: { length: 16 } }, /^$/],
  ['vit', 'vit', ONE_FRAME, /^pooler\./],
  ['timesformer', 'timesformer', { clip: { frames: 3, size: 16 } }, /^$/],
];

describe('a run that begins with weights of transformers, written for transformers', () => {
  it.each(CASES)(
    '%s has the same tensors as %s, bit by bit',
    async (fixture, name, config, notThere) => {
      const run = await taken(join(FIXTURES, fixture), config);
      const plan = planExport(run.settings, run.specs, run.facts, 'run', name);
      const got = await made(plan, run);
      const file = await SafetensorsFile.open(join(FIXTURES, fixture, 'model.safetensors'));
      const names = [...file.tensors.keys()].filter((each) => !notThere.test(each));
      expect(Object.keys(got).sort()).toEqual(names.sort());
      // A class token is written with a position of zeros: what was theirs is in the token.
      const [token, table] = folded(plan);
      for (const each of names.filter((other) => other !== token)) {
        const want = await file.read(each);
        expect(got[each]?.shape, each).toEqual(want.shape);
        const skipped = each === table ? (want.shape.at(-1) ?? 0) : 0;
        const own = got[each]?.data as Float32Array;
        expect(own.subarray(skipped), each).toEqual((want.data as Float32Array).subarray(skipped));
        expect(own.subarray(0, skipped).every((value) => value === 0)).toBe(true);
      }
      if (token !== undefined && table !== undefined) {
        const [a, b] = [(await file.read(token)).data, (await file.read(table)).data];
        const sum = Float32Array.from(a as Float32Array, (value, i) => value + Number(b[i]));
        expect(got[token]?.data).toEqual(sum);
      }
      await file.close();
    },
  );

  it.each(CASES)(
    '%s has a configuration that says what theirs says',
    async (fixture, name, config) => {
      const { settings, specs, facts } = await taken(join(FIXTURES, fixture), config);
      const plan = planExport(settings, specs, facts, 'run', name);
      const theirs = await readJson(join(FIXTURES, fixture, 'config.json'));
      const differing = differences({ ...plan.config }, theirs);
      // Read by nobody in a tower of CLIPModel, or while it is trained only; what pads is told by the tokenizer.
      const idle =
        /^(text_config\.projection_dim|(text_config\.)?pad_token_id|vision_config\.projection_dim|\w+_dropout_prob):/;
      expect(differing.filter((each) => !idle.test(each))).toEqual([]);
    },
  );

  it('has no tensor of a tower that is not asked for', async () => {
    const run = await taken(join(FIXTURES, 'distilbert'), { objective: 'contrastive' });
    const plan = planExport(run.settings, run.specs, run.facts, 'run', 'distilbert');
    expect(
      plan.tensors.every(({ from }) => from.every(({ name }) => name.startsWith('text.'))),
    ).toBe(true);
    expect(plan.leftOut).toContain('encoder.patch.weight');
    expect(plan.leftOut.every((name) => !/^text\./.test(name))).toBe(true);
  });
});

describe('what was exported', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lacuna-export-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(CASES)('of %s begins a run with the same bits', async (fixture, name, config) => {
    const first = await taken(join(FIXTURES, fixture), config);
    const plan = planExport(first.settings, first.specs, first.facts, 'run', name);
    const tensors = await made(plan, first);
    const declared = plan.tensors.map(({ name: each, shape }) => ({
      name: each,
      shape,
      dtype: 'f32' as const,
    }));
    for (const name of ['model.safetensors', 'tokenizer.json']) {
      await rm(join(folder, name), { force: true });
    }
    await writeSafetensors(
      join(folder, 'model.safetensors'),
      declared,
      async (each) => tensors[each] as HostTensor,
    );
    await writeFile(join(folder, 'config.json'), JSON.stringify(plan.config));
    const { tokenizer } = first.settings.data;
    if (tokenizer !== undefined) {
      await writeFile(join(folder, 'tokenizer.json'), await readFile(tokenizer));
    }
    const again = await taken(folder, config);
    const own = first.specs.filter((spec) => !plan.leftOut.includes(spec.name));
    expect(own.length).toBeGreaterThan(0);
    for (const spec of own) {
      expect(again.state[spec.name]?.data, spec.name).toEqual(first.state[spec.name]?.data);
    }
  });
});

describe('a model that does not fit', () => {
  function runOf(config: object): [RunSettings, readonly StateSpec[]] {
    const settings = resolveSettings(
      parseConfig({ preset: 'tiny-mae', data: { list: 'list' }, output: 'run', ...config }),
    );
    return [settings, modelState(settings, 0)];
  }

  it.each<[string, object]>([
    ['encoder.attention "divided"', { encoder: { attention: 'divided' }, mask: { kind: 'tube' } }],
    ['encoder.keyBias true', { encoder: { keyBias: true } }],
    ['encoder.embeddingNorm true', { encoder: { embeddingNorm: true } }],
    ['encoder.classToken true', { encoder: { classToken: true } }],
    ['encoder.positions "learned"', { encoder: { positions: 'learned' } }],
  ])('is refused with %s', (got, config) => {
    const [settings, state] = runOf({ objective: 'mae', ...config });
    expect(() => planExport(settings, state, NO_TEXT, 'runs/a', 'videomae-encoder')).toThrow(got);
  });

  it.each<[string, object]>([
    ['decoder.finalNormEps 0.000001', {}],
    ['decoder.normEps 0.001', { decoder: { normEps: 1e-3, finalNormEps: 1e-5 } }],
    ['decoder.keyBias true', { decoder: { keyBias: true, finalNormEps: 1e-5 } }],
  ])('is refused with %s where the decoder is asked for', (got, config) => {
    const [settings, state] = runOf({ objective: 'mae', ...config });
    expect(() => planExport(settings, state, NO_TEXT, 'runs/a', 'videomae')).toThrow(got);
    const { name, notes } = planExport(settings, state, NO_TEXT, 'runs/a');
    expect(name).toBe('videomae-encoder');
    expect(notes.join(' ')).toContain('The decoder is left out');
  });

  it('is refused as a CLIP where nothing reads text, or several frames are seen', () => {
    const [settings, state] = runOf({ objective: 'mae' });
    expect(() => planExport(settings, state, NO_TEXT, 'runs/a', 'clip')).toThrow(
      'objective mae, expected objective contrastive or mae+contrastive',
    );
    expect(() => planExport(settings, state, NO_TEXT, 'runs/a', 'vit')).toThrow('clip.frames');
  });
});

it('queries, keys and values become one matrix again', () => {
  const spec = (part: string): StateSpec => ({
    name: `encoder.0.attn.${part}.weight`,
    shape: [2, 2],
    role: 'parameter',
    init: { kind: 'constant', value: 0 },
    decay: true,
  });
  const layout: Layout = VIDEOMAE_MCG;
  const video = { frames: 2, size: 4, tubelet: 2, patch: 4 };
  const geometry = { video, grid: { slots: 1, rows: 1, columns: 1 }, first: 0 };
  // In another order than theirs.
  const [tensor, ...others] = givenTensors(layout, ['v', 'q', 'k'].map(spec), geometry);
  expect(others).toEqual([]);
  expect(tensor?.name).toBe('encoder.blocks.0.attn.qkv.weight');
  expect(tensor?.shape).toEqual([6, 2]);
  expect(tensor?.from.map(({ name }) => name.split('.')[3])).toEqual(['q', 'k', 'v']);
  const parts = [1, 2, 3].map((value) => new Float32Array(4).fill(value));
  expect([...(tensor?.make(parts) ?? [])]).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
});

it('the only slot and a bias of patches are added to the places', () => {
  const spec = (name: string, shape: readonly number[]): StateSpec => ({
    name,
    shape,
    role: 'parameter',
    init: { kind: 'constant', value: 0 },
    decay: false,
  });
  const layout: Layout = {
    name: 'a test',
    notes: [],
    entries: [
      { ours: 'encoder.positions.place', theirs: 'table', conversion: 'places', leading: 1 },
    ],
  };
  const state = [
    spec('encoder.positions.place', [1, 2, 2]),
    spec('encoder.positions.slot', [1, 1, 2]),
    spec('encoder.patch.bias', [2]),
  ];
  const video = { frames: 1, size: 8, tubelet: 1, patch: 4 };
  const geometry = { video, grid: { slots: 1, rows: 1, columns: 2 }, first: 1 };
  const [table] = givenTensors(layout, state, geometry);
  expect(table?.shape).toEqual([1, 3, 2]);
  const data = [Float32Array.of(1, 2, 3, 4), Float32Array.of(10, 20), Float32Array.of(100, 200)];
  expect([...(table?.make(data) ?? [])]).toEqual([0, 0, 111, 222, 113, 224]);
  const two = { ...geometry, grid: { slots: 2, rows: 1, columns: 2 } };
  expect(() => givenTensors(layout, state, two)).toThrow('has no place for this tensor');
});

it('what is published names no folder', () => {
  const manifest = {
    workingFolder: '/home/anna',
    settings: {
      data: { list: '/home/anna/a.jsonl', others: ['C:\\b\\c.jsonl'] },
      output: 'runs/x/',
    },
    clips: 3,
  };
  expect(withoutFolders(manifest)).toEqual({
    settings: { data: { list: 'a.jsonl', others: ['c.jsonl'] }, output: 'x/' },
    clips: 3,
  });
});

/** Names of the class token and of the table whose first row belongs to it. */
function folded({ tensors }: ExportPlan): readonly [string | undefined, string | undefined] {
  const nameFrom = (ours: string): string | undefined =>
    tensors.find(({ from }) => from.some(({ name }) => name === ours))?.name;
  const token = nameFrom('encoder.class');
  return [token, token === undefined ? undefined : nameFrom('encoder.positions.place')];
}

/** Keys on which two configurations differ, where both have them. */
function differences(
  ours: Readonly<Record<string, unknown>>,
  theirs: Readonly<Record<string, unknown>>,
): readonly string[] {
  return Object.keys(ours).flatMap((key) => {
    const [a, b] = [ours[key], theirs[key]];
    if (b === undefined || JSON.stringify(a) === JSON.stringify(b)) return [];
    if (isObject(a) && isObject(b)) return differences(a, b).map((each) => `${key}.${each}`);
    return [`${key}: ${JSON.stringify(a)}, not ${JSON.stringify(b)}`];
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

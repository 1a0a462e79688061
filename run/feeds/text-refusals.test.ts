import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusal, refusalOf } from '../../core/testing/refusal.js';
import { createTokenizer, trainBpe } from '../../data/index.js';
import { writeSafetensors } from '../../formats/safetensors/safetensors-file.js';
import type { RunSettings } from '../settings/config.js';
import { parseConfig } from '../settings/parse-config.js';
import { resolveSettings } from '../settings/settings.js';
import { BatchFeeds } from './batch-feeds.js';
import { CaptionEmbeddings, type TextTeacher } from './caption-embeddings.js';
import { beginText } from './run-text.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-text-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A teacher that gives every caption these numbers. */
function teacher(numbers: readonly number[]): TextTeacher {
  const embedTexts = async (captions: readonly string[]): Promise<Float32Array> =>
    Float32Array.from(captions.flatMap(() => numbers));
  return { name: 'clip', digest: 'ab'.repeat(32), width: 2, embedTexts };
}

describe("a teacher's embeddings of captions", () => {
  it.each([
    [
      [3],
      'clip: the teacher returned embeddings of another size than it says; got 1 numbers for 1 captions, expected 2 a caption.',
    ],
    [
      [0, 0],
      'clip: the teacher returned an embedding without a direction; got length 0 for "a dog".',
    ],
    [
      [Number.NaN, 1],
      'clip: the teacher returned an embedding without a direction; got length NaN for "a dog".',
    ],
  ])('%j are refused', async (numbers, sentence) => {
    expect(await refusalOf(CaptionEmbeddings.make(teacher(numbers), ['a dog']))).toBe(sentence);
  });

  it('are of some caption, of each that is asked for, and all or none', async () => {
    expect(await refusalOf(CaptionEmbeddings.make(teacher([1, 0]), []))).toBe(
      'there is no caption to embed.',
    );
    const made = await CaptionEmbeddings.make(teacher([1, 0]), ['a dog']);
    expect(refusal(() => made.feeds(['a cat']))).toBe(
      'the teacher was not asked for this caption; got "a cat".',
    );
    const signal = AbortSignal.abort();
    expect(await refusalOf(CaptionEmbeddings.make(teacher([1, 0]), ['a dog'], { signal }))).toBe(
      'clip: stopped before all captions were embedded, so no run was begun.',
    );
  });

  it('are refused from a file without their digests', async () => {
    const path = join(folder, 'bare.safetensors');
    const tensor = { dtype: 'f32', shape: [1, 2], data: Float32Array.of(1, 0) } as const;
    await writeSafetensors(path, [{ name: 'embeddings', ...tensor }], async () => tensor);
    expect(await refusalOf(CaptionEmbeddings.open(path, ['a dog']))).toBe(
      `${path}: the teacher's embeddings cannot be used: digest.captions is missing.`,
    );
  });
});

const settings = (config: object): RunSettings =>
  resolveSettings(
    parseConfig({ preset: 'tiny-mae', data: { list: 'clips.jsonl' }, output: 'run', ...config }),
  );

describe('a run', () => {
  it('with a teacher needs somebody who can open it', async () => {
    const list = {
      records: [],
      digest: '',
      distinctCaptions: 0,
      format: 'JSON Lines',
      unknownKeys: new Map(),
      badCaptions: { count: 0, first: new Map() },
      badParts: { count: 0 },
    };
    const run = settings({ contrastive: { teacher: 'clip' } });
    expect(await refusalOf(beginText(run, list, { onNote: () => {} }))).toBe(
      'contrastive.teacher: nobody here can open a teacher; got clip. Hand in openTeacher.',
    );
  });

  it('replaces no words where the vocabulary has no token for it, and drops them all the same', async () => {
    const tokenizer = createTokenizer(trainBpe(['a dog', 'a cat'], { vocabSize: 300 }));
    const maskless = { ...tokenizer, maskId: null };
    const feeds = new BatchFeeds(settings({ textMask: { ratio: 0.5 } }), [], maskless);
    const record = { id: 'a', video: 'a.mp4', captions: ['a dog'] };
    const crop = { x: 0, y: 0, width: 16, height: 16 };
    const sample = { record, word: 0, epoch: 0, caption: 0, frameIndices: [0], crop, flip: false };
    const video = new Uint8Array(4 * 16 * 16 * 3);
    const batch = { epoch: 0, step: 0, video, samples: [sample], skipped: [], incomplete: [] };
    expect(await refusalOf(feeds.feeds(batch))).toBe(
      'textMask.mode: words cannot be replaced: the vocabulary has no mask token; got "replace". Set textMask.mode to "drop", textMask.ratio to 0, or use a tokenizer with a mask token.',
    );
    const dropping = settings({ textMask: { ratio: 0.5, mode: 'drop', unit: 'word' } });
    const fed = await new BatchFeeds(dropping, [], maskless).feeds(batch);
    expect(fed['text.lengths']?.data[0]).toBeLessThan(tokenizer.encode('a dog').length);
  });
});

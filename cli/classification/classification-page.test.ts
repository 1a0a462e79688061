import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type Classification,
  combinedResult,
  confusedVideos,
  type HeadResult,
  headResults,
} from '../../evaluation/index.js';
import { classificationPage } from './classification-page.js';
import { readClassification, storeClassification } from './stored-classification.js';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-classification-'));
afterAll(() => rmSync(folder, { recursive: true }));

const HEAD = { name: 'label', classes: ['a', 'b', '<i>'] };
/** Four clips of class a: one is right, two are taken for b, one for <i>. */
const classification: Classification = {
  records: ['1', '2', '3', '<script>'].map((id) => ({
    id,
    video: `${id}.mp4`,
    captions: [],
    label: 'a',
  })),
  probabilities: {
    label: [
      Float32Array.of(0.8, 0.1, 0.1),
      Float32Array.of(0.3, 0.5, 0.2),
      Float32Array.of(0.1, 0.9, 0),
      Float32Array.of(0.2, 0.2, 0.6),
    ],
  },
  views: { clips: 1, crops: 1 },
};
const [result] = headResults([HEAD], classification) as [HeadResult];

describe('clips of the worst confusions', () => {
  it('are one a confusion, the most frequent first, each the one that the classifier was surest of', () => {
    const found = confusedVideos(result, classification, 10);
    expect(found.map(({ record, right, said }) => [record.id, right, said])).toEqual([
      ['3', 'a', 'b'],
      ['<script>', 'a', '<i>'],
    ]);
    expect(found.map(({ probability }) => probability)).toEqual([0.9, 0.6].map(Math.fround));
    expect(confusedVideos(result, classification, 1)).toHaveLength(1);
  });

  it('play on the page without a script: a picture of all frames, moved frame by frame by the style', () => {
    const frames = Uint8Array.from({ length: 2 * 4 * 4 * 3 }, (_, i) => i);
    const confused = confusedVideos(result, classification, 10).map((each) => ({
      ...each,
      frames,
    }));
    const page = classificationPage({
      ...{ run: 'run', data: 'test.jsonl', protocol: 'one view' },
      ...{ heads: [result], confused: [confused], clip: { frames: 2, size: 4 } },
    });
    expect(page).not.toContain('<script');
    expect(page).not.toContain('<i>');
    expect(page).toContain('steps(2) infinite');
    const [, encoded = ''] = /src="data:image\/png;base64,([^"]+)"/.exec(page) ?? [];
    const picture = decode(Buffer.from(encoded, 'base64'));
    expect([picture.width, picture.height, picture.channels]).toEqual([8, 4, 3]);
    // Row 1 of both frames, side by side.
    expect([...picture.data.slice(24, 48)]).toEqual([
      ...frames.subarray(12, 24),
      ...frames.subarray(48 + 12, 48 + 24),
    ]);
  });
});

describe('what a fine-tuned run came to', () => {
  it('is read as it was written, and not where it is damaged or asks for more than it holds', async () => {
    const stored = { data: 'test.jsonl', protocol: 'one view', heads: [result] };
    expect(await readClassification(folder)).toBeUndefined();
    await storeClassification(folder, stored);
    const read = await readClassification(folder);
    expect(read?.heads[0]?.confusion[0]).toEqual(result.confusion[0]);
    expect(read?.heads[0]).toMatchObject({ top1: result.top1, calibration: result.calibration });
    const path = join(folder, 'classification.json');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('"one view"', '"two views"'));
    await expect(readClassification(folder)).rejects.toThrow(/this file is damaged/);
    const { digest: _, sealed: __, ...open } = JSON.parse(text) as Record<string, unknown>;
    writeFileSync(path, JSON.stringify(open).replace('[0,1,2]', '[0,7,2]'));
    await expect(readClassification(folder)).rejects.toThrow(
      /a class of the matrix does not exist/,
    );
    const classes = Array.from({ length: 4001 }, (_unused, i) => `${i}`);
    rmSync(path);
    await storeClassification(folder, {
      ...stored,
      heads: [{ ...result, head: { name: 'label', classes } }],
    });
    expect(await readClassification(folder)).toBeUndefined();
  });
});

describe('heads together', () => {
  const heads = [
    { name: 'noun', classes: ['cup', 'pan'] },
    { name: 'verb', classes: ['take', 'put', 'wash'] },
  ];
  const judged: Classification = {
    records: ['1', '2', '3'].map((id) => ({
      ...{ id, video: `${id}.mp4`, captions: [] },
      labels: { verb: 'put', noun: 'pan' },
    })),
    probabilities: {
      // Both are right; the noun alone; of six combinations the right one is the last.
      noun: [Float32Array.of(0.25, 0.75), Float32Array.of(0.25, 0.75), Float32Array.of(0.75, 0.25)],
      verb: [
        Float32Array.of(0.25, 0.5, 0.25),
        Float32Array.of(0.5, 0.25, 0.125),
        Float32Array.of(0.5, 0.125, 0.375),
      ],
    },
    views: { clips: 1, crops: 1 },
  };

  it('are right where all of them are, and ranked by the product of their probabilities', () => {
    const combined = combinedResult(heads, judged);
    expect(combined?.names).toEqual(['noun', 'verb']);
    expect([combined?.top1.share, combined?.top5.share]).toEqual([1 / 3, 2 / 3]);
    expect(combinedResult(heads.slice(0, 1), judged)).toBeUndefined();
    const many = heads.map((head) => ({ ...head, classes: Array<string>(2000).fill('x') }));
    expect(combinedResult(many, judged)).toBeUndefined();
  });

  it('stand on the page, and are kept with the run', async () => {
    const combined = combinedResult(heads, judged);
    const told = { data: 'test.jsonl', protocol: 'one view', heads: [], combined };
    expect(classificationPage({ ...told, run: 'run', clip: { frames: 2, size: 4 } })).toContain(
      'noun and verb together',
    );
    await storeClassification(folder, told);
    expect((await readClassification(folder))?.combined).toEqual(combined);
  });
});

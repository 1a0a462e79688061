import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type License, requireLicense } from './card-license.js';
import type { RunTold } from './export-record.js';
import { modelCard } from './model-card.js';

const FIXTURES = join(import.meta.dirname, 'fixtures');

const PROTOCOL = 'records 8bb1: 64 clips; "fair": ties: expected\nover all orders';
const TOLD: RunTold = {
  name: 'my: run #1',
  judgedBy: { list: 'held out.jsonl', digest: '8bb1' },
  made: 'Pretrained',
  metrics: '',
  record: {
    format: 1,
    kind: 'hf',
    model: 'VideoMAEModel',
    step: 60,
    leftOut: { count: 0, names: [] },
    manifest: {},
    evaluations: [
      { step: 30, evaluator: 'retrieval', scores: { 'text_to_video.r1': 0.25 } },
      {
        step: 60,
        evaluator: 'retrieval',
        scores: { 'text_to_video.r1': 0.5, 'text_to_video.mean_rank': 1e-7 },
        protocol: PROTOCOL,
      },
      { step: 60, evaluator: 'classification', scores: { top1: 1 / 3 }, protocol: 'one view' },
    ],
  },
};
const LICENSES: Readonly<Record<string, License>> = {
  stated: { license: 'apache-2.0' },
  other: { license: 'other', licenseName: 'my: "own"', licenseLink: 'https://example.org/a#b' },
  none: {},
};

const cardOf = (license: License, told: RunTold = TOLD): string =>
  modelCard(
    {
      title: 'A model',
      matter: ['library_name: transformers', 'pipeline_tag: feature-extraction'],
      code: 'model = None',
      language: 'python',
      notes: [],
    },
    told,
    { ...license, version: 'test' },
  );

describe('a model card', () => {
  it('tells licence, scores and their protocols to the reader of huggingface_hub', async () => {
    for (const [name, license] of Object.entries(LICENSES)) {
      const path = join(FIXTURES, `${name}.md`);
      if (process.env.LACUNA_UPDATE_GOLDEN === '1') await writeFile(path, cardOf(license));
      expect(cardOf(license)).toBe(await readFile(path, 'utf8'));
    }
    const read: unknown = JSON.parse(await readFile(join(FIXTURES, 'cards.json'), 'utf8'));
    const result = (
      task: string,
      evaluator: string,
      [type, score, value]: readonly [string, string, number],
      protocol: string,
    ): object => ({
      task_type: task,
      task_name: evaluator,
      dataset_type: 'held out.jsonl',
      dataset_name: 'held out.jsonl',
      dataset_revision: '8bb1',
      metric_type: type,
      metric_name: `${evaluator} ${score}`,
      metric_value: value,
      metric_args: { step: 60, protocol },
    });
    const [r1, rank] = ['text_to_video.r1', 'text_to_video.mean_rank'];
    const common = {
      library_name: 'transformers',
      pipeline_tag: 'feature-extraction',
      tags: ['lacuna'],
      model_name: 'my: run #1',
      results: [
        result('feature-extraction', 'retrieval', [r1, r1, 0.5], PROTOCOL),
        result('feature-extraction', 'retrieval', [rank, rank, 1e-7], PROTOCOL),
        result('video-classification', 'classification', ['accuracy', 'top1', 1 / 3], 'one view'),
      ],
    };
    const unnamed = { license_name: null, license_link: null };
    expect(read).toEqual({
      stated: { ...common, license: 'apache-2.0', ...unnamed },
      other: {
        ...common,
        license: 'other',
        license_name: 'my: "own"',
        license_link: 'https://example.org/a#b',
      },
      none: {
        ...common,
        license: 'other',
        license_name: 'not-stated',
        license_link: 'README.md',
      },
    });
  });

  it('has no index of a model that was not judged', () => {
    const record = { ...TOLD.record, evaluations: [] };
    expect(cardOf({}, { ...TOLD, record })).not.toContain('model-index');
  });

  it('states no licence that is none, and no name without need', () => {
    for (const license of Object.values(LICENSES)) requireLicense(license);
    const refused = (license: License, message: string): void =>
      expect(() => requireLicense(license)).toThrow(message);
    refused({ license: 'mit\ntags: [x]' }, 'no identifier of a licence');
    refused({ license: 'other', licenseName: 'x' }, 'Add --license-name NAME and --license-link');
    refused({ license: 'mit', licenseLink: 'x' }, '--license-link: only a licence');
    refused({ licenseName: 'x' }, 'no --license');
  });
});

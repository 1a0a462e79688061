import { describe, expect, it } from 'vitest';
import { refusal } from '../../core/testing/refusal.js';
import { parseConfig } from './parse-config.js';
import { resolveSettings, stagesOf } from './settings.js';
import { storedSettings } from './stored-settings.js';

const PLACES = { data: { list: 'videos.jsonl' }, output: 'run' };
const resolved = (config: object): ReturnType<typeof resolveSettings> =>
  resolveSettings(parseConfig({ preset: 'tiny-mac', ...PLACES, ...config }));

describe('stages', () => {
  it('have what they say, what the configuration says, and what the preset says, in this order', () => {
    const { stages = [], ...base } = resolved({
      batch: 8,
      mask: { ratio: 0.5 },
      schedule: { epochs: 7 },
      stages: [{ clip: { frames: 1 } }, { name: 'whole', batch: 6, mask: { ratio: 0 } }],
    });
    expect(stages).toMatchObject([
      { name: 'stage 1', batch: 8, clip: { frames: 1 }, mask: { ratio: 0.5 } },
      { name: 'whole', batch: 6, clip: { frames: 3 }, mask: { ratio: 0, kind: base.mask.kind } },
    ]);
    expect(stages.map(({ schedule }) => schedule.epochs)).toEqual([7, 7]);
  });

  it('replace what excludes each other: lengths, kinds of masks, lists', () => {
    const { stages = [] } = resolved({
      data: {
        ...PLACES.data,
        root: 'a',
        split: 'train',
        parts: true,
        others: [{ list: 'pictures.jsonl' }],
      },
      mask: { kind: 'tube', ratio: 0.5 },
      schedule: { epochs: 7, warmupEpochs: 1 },
      stages: [
        { schedule: { steps: 9, warmupSteps: 2 }, mask: { kind: 'random' } },
        { data: { list: 'other.jsonl' } },
      ],
    });
    expect(stages[0]?.schedule).toMatchObject({ steps: 9, warmupSteps: 2 });
    expect(stages[0]?.schedule).not.toHaveProperty('epochs');
    expect(stages[0]?.mask.ratio).not.toBe(0.5);
    expect(stages[0]?.data).toMatchObject({ split: 'train', parts: true, others: [{}] });
    expect(stages[1]?.data).toEqual({ list: 'other.jsonl', workers: 2 });
  });

  it('of a preset are its own, unless a configuration has some, or none', () => {
    const run = { preset: 'flip-vitb', batch: 64 };
    expect(resolved(run).stages).toMatchObject([
      { name: 'masked', batch: 64, mask: { ratio: 0.5 } },
      { name: 'whole', batch: 64, mask: { ratio: 0 }, schedule: { baseLearningRate: 4e-8 } },
    ]);
    // The other ratio of the paper; tuning stays unmasked.
    expect(resolved({ ...run, mask: { ratio: 0.75 } }).stages).toMatchObject([
      { mask: { ratio: 0.75 } },
      { mask: { ratio: 0 } },
    ]);
    expect(stagesOf(resolved({ ...run, stages: [] }))).toHaveLength(1);
  });

  it.each([
    [{ stages: [{ clip: { frames: 1 } }, { data: { others: [] } }] }],
    [{ preset: 'flip-vitb', batch: 64, stages: [] }],
    [{ preset: 'mac-vitb-curriculum', data: { list: 'a', others: [{ list: 'b', weight: 3 }] } }],
    [{ schedule: { steps: 5 }, stages: [{ schedule: { epochs: 2 }, mask: { kind: 'tube' } }] }],
  ])('are read back from a manifest as they were written: %j', (config) => {
    const settings = resolved(config);
    expect(storedSettings(JSON.parse(JSON.stringify(settings)))).toEqual(settings);
  });

  it.each([
    [
      { stages: [{ clip: { size: 32 } }] },
      'stages.0.clip.size: all stages of a run have the same model',
    ],
    [
      { stages: [{ data: { tokenizer: 't' } }] },
      'stages.0.data.tokenizer: all stages of a run have the same',
    ],
    [
      { stages: [{ name: 'a' }, { name: 'a' }] },
      'stages.1.name: two stages have the same name; got a',
    ],
    [{ stages: [{ encoder: { depth: 3 } }] }, 'stages.0.encoder: there is no such key'],
    [{ stages: [{ name: '<b>' }] }, 'stages.0.name: this value cannot be used'],
    [
      { stages: [{ mask: { kind: 'text-guided' }, data: { similarity: 'maps' } }] },
      'stages.0.mask.kind: a mask that needs stored maps',
    ],
    [
      {
        data: { list: 'a', similarity: 'm', others: [{ list: 'b' }] },
        mask: { kind: 'text-guided' },
      },
      'data.others: the mask text-guided is drawn from the maps of one data folder',
    ],
    [{ data: { list: 'a', weight: 0 } }, 'data.weight: this value cannot be used'],
    [{ data: { list: 'a', weight: 0.0001 } }, 'data.weight: this value cannot be used'],
  ])('that cannot be are refused: %j', (config, sentence) => {
    expect(refusal(() => resolved(config))).toContain(sentence);
  });
});

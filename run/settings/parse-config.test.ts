import { describe, expect, it } from 'vitest';
import { refusal } from '../../core/testing/refusal.js';
import { configJsonSchema } from './config-schema.js';
import { nearest } from './edit-distance.js';
import { parseConfig, withValue } from './parse-config.js';

const PLACES = { data: { list: 'clips.jsonl' }, output: 'run' };

/** Values of keys that cannot be, and what is said of them. */
const REFUSED: readonly (readonly [config: object, sentence: string])[] = [
  [{ ...PLACES, data: {} }, 'data.list: this key is missing; expected a string.'],
  [
    { ...PLACES, encoder: { detph: 3 } },
    'encoder.detph: there is no such key. Did you mean "encoder.depth"?',
  ],
  [{ ...PLACES, depth: 3 }, 'depth: there is no such key. Did you mean "encoder.depth"?'],
  [
    { ...PLACES, checkpoints: { xylophones: 3 } },
    'checkpoints.xylophones: there is no such key. Known here: everySteps, keep.',
  ],
  [
    { ...PLACES, clip: { frames: 'four' } },
    'clip.frames: this value cannot be used; got "four", expected a number.',
  ],
  [
    { ...PLACES, clip: { frames: 4.5 } },
    'clip.frames: this value cannot be used; got 4.5, expected an integer.',
  ],
  [
    { ...PLACES, clip: { flip: 1 } },
    'clip.flip: this value cannot be used; got 1, expected a boolean.',
  ],
  [{ ...PLACES, batch: 0 }, 'batch: this value cannot be used; got 0, expected at least 1.'],
  [
    { ...PLACES, batch: 1e9 },
    'batch: this value cannot be used; got 1000000000, expected at most 65536.',
  ],
  [
    { ...PLACES, mask: { ratio: 1 } },
    'mask.ratio: this value cannot be used; got 1, expected less than 1.',
  ],
  [
    { ...PLACES, mae: { weight: 0 } },
    'mae.weight: this value cannot be used; got 0, expected more than 0.',
  ],
  [
    { ...PLACES, output: '' },
    'output: this value cannot be used; got "", expected a text that is not empty.',
  ],
  [
    { ...PLACES, output: 'x'.repeat(5000) },
    `output: this value cannot be used; got "${'x'.repeat(79)}..., expected at most 4096 characters.`,
  ],
  [
    { ...PLACES, objective: 'mea' },
    'objective: this value cannot be used; got "mea", expected one of mae, contrastive, mae+contrastive.',
  ],
  [
    { ...PLACES, lossScaling: { kind: 'big' } },
    'lossScaling.kind: this value cannot be used; got {"kind":"big"}, expected one of none, fixed, dynamic.',
  ],
  [
    { ...PLACES, batch: 0, seed: -1 },
    'seed: this value cannot be used; got -1, expected at least 0. Wrong as well: batch.',
  ],
];

describe('a configuration', () => {
  it.each(REFUSED.map(([config, sentence]) => [sentence, config] as const))(
    'is refused: %s',
    (sentence, config) => {
      expect(refusal(() => parseConfig(config))).toBe(sentence);
    },
  );

  it('is refused with its file', () => {
    expect(refusal(() => parseConfig([], 'run.json'))).toBe(
      'run.json: the configuration: this value cannot be used; got [], expected an object.',
    );
  });

  it('may name its schema', () => {
    expect(parseConfig({ $schema: 'schema.json', ...PLACES })).toEqual(PLACES);
  });
});

describe('a value by its key path', () => {
  it('is read as JSON where it is JSON', () => {
    const config = withValue({ encoder: { depth: 2 } }, 'encoder.depth', '3');
    expect(config).toEqual({ encoder: { depth: 3 } });
    expect(withValue(config, 'data.list', 'clips.jsonl').data).toEqual({ list: 'clips.jsonl' });
    expect(withValue({}, 'contrastive.temperature', '{"kind":"learned"}')).toEqual({
      contrastive: { temperature: { kind: 'learned' } },
    });
    expect(withValue({}, 'contrastive.temperature.value', '0.2')).toBeDefined();
  });

  it.each([
    ['encoder.width.depth', 'encoder.depth'],
    ['mask.rati', 'mask.ratio'],
    ['temperature', 'contrastive.temperature'],
  ])('%s is no key', (path, suggestion) => {
    expect(refusal(() => withValue({}, path, '1'))).toBe(
      `${path}: there is no such key. Did you mean "${suggestion}"?`,
    );
  });
});

describe('the nearest name', () => {
  it('is there for a slip, and not for another word', () => {
    expect(nearest('wdith', ['depth', 'width'])).toBe('width');
    expect(nearest('xylophone', ['depth', 'width'])).toBeUndefined();
  });
});

it('the schema for editors has every section', () => {
  const { properties } = configJsonSchema();
  expect(Object.keys(properties as object)).toContain('contrastive');
});

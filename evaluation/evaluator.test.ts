import { expect, it } from 'vitest';
import { parseConfig, resolveSettings } from '../run/index.js';
import { EVALUATORS, evaluate, lackingFor, reconstruction, retrieval } from './index.js';

const settings = (objective: string) =>
  resolveSettings(
    parseConfig({ preset: 'tiny-mae', objective, data: { list: 'x.jsonl' }, output: 'x' }),
  );

it('says which models it can judge', () => {
  const judged = (objective: string): readonly string[] =>
    EVALUATORS.filter((each) => lackingFor(each, settings(objective)).length === 0).map(
      ({ name }) => name,
    );
  expect(judged('mae')).toEqual(['reconstruction']);
  expect(judged('contrastive')).toEqual(['retrieval']);
  expect(judged('mae+contrastive')).toEqual(['retrieval', 'reconstruction']);
});

it('refuses a model that cannot do what it needs, before it reads a clip', async () => {
  const model = (objective: string) => ({
    settings: settings(objective),
    state: {},
    tokenizer: undefined,
    get backend(): never {
      throw new Error('the backend was asked for');
    },
  });
  await expect(evaluate(retrieval, model('mae'), [], 'nowhere')).rejects.toThrow(
    'retrieval needs a model that was trained to align video with text; got a run with the objective mae',
  );
  await expect(evaluate(reconstruction, model('contrastive'), [], 'nowhere')).rejects.toThrow(
    'reconstruction needs a model that was trained to reconstruct what is masked',
  );
});

it('has no score for a reconstruction of nothing', () => {
  expect(reconstruction.scores([])).toEqual({});
});

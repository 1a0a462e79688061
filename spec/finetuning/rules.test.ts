import { describe, expect, it } from 'vitest';
import { dropPathRates } from '../model/drop-path.js';
import { layerOf, layerScale, withLayerDecay } from '../optim/layer-decay.js';
import { RECIPE_NAMES, recipeConfig } from './recipes.js';

describe('layer decay', () => {
  it.each([
    ['encoder.patch.weight', 0],
    ['encoder.positions.place', 0],
    ['encoder.class', 0],
    ['encoder.embed.norm.weight', 0],
    ['encoder.0.norm1.weight', 1],
    ['encoder.11.mlp.fc2.bias', 12],
    ['encoder.norm.weight', 13],
    ['classifier.norm.weight', 13],
    ['classifier.head.label.weight', 13],
  ])('has %s in layer %i of 12 blocks', (name, layer) => {
    expect(layerOf(name, 12)).toBe(layer);
  });

  it('scales by the layers that follow', () => {
    expect([0, 1, 12, 13].map((layer) => layerScale(0.75, layer, 12))).toEqual([
      0.75 ** 13,
      0.75 ** 12,
      0.75,
      1,
    ]);
    expect(() => withLayerDecay([], 0, 2)).toThrow('the layer decay is out of bounds');
  });
});

describe('drop path', () => {
  it('rises from 0 to its rate', () => {
    expect(dropPathRates(0.2, 3)).toEqual([0, 0.1, 0.2]);
    expect(dropPathRates(0.2, 1)).toEqual([0]);
  });
});

describe('the recipes', () => {
  it.each(RECIPE_NAMES)('%s has a configuration', (name) => {
    expect(recipeConfig(name)).toMatchObject({ objective: 'mae', finetuning: { recipe: name } });
  });

  it('names those that exist', () => {
    expect(() => recipeConfig('k700')).toThrow('one of k400, ssv2');
  });
});

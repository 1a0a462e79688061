import { describe, expect, it } from 'vitest';
import { maskCounts } from '../masking/index.js';
import { gridOf } from './patches.js';
import { PRESETS, type Preset, presetNamed } from './presets.js';
import { pretrainingModel } from './pretraining.js';

const presets: [string, Preset][] = Object.entries(PRESETS);

/** Parameters of the encoder and decoder, positions that are tables not included. */
function parameters(preset: Preset): { encoder: number; decoder: number } {
  const { visible } = maskCounts(preset.mask, gridOf(preset.video));
  const { state } = pretrainingModel(
    {
      video: preset.video,
      encoder: preset.encoder,
      mae: { decoder: preset.decoder, target: preset.target },
    },
    { batch: 1, visible },
  );
  const count = (scope: string): number =>
    state
      .filter(({ name }) => name.startsWith(scope))
      .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return { encoder: count('encoder.'), decoder: count('decoder.') };
}

describe('the presets', () => {
  it.each(presets)('%s builds with both objectives', (_, preset) => {
    const { visible } = maskCounts(preset.mask, gridOf(preset.video));
    const model = pretrainingModel(
      {
        video: preset.video,
        encoder: { ...preset.encoder, depth: 1 },
        mae: { decoder: { ...preset.decoder, depth: 1 }, target: preset.target },
        contrastive: {
          ...preset.contrastive,
          text: { ...preset.text, depth: 1, vocabulary: preset.vocabulary },
        },
      },
      { batch: 2, visible },
    );
    expect(model.program.outputs.map(({ name }) => name)).toContain('loss');
  });

  // The published sizes in millions; biases and norms are in the last digit.
  it.each([
    ['videomae-vits', 21.9, 2.1],
    ['videomae-vitb', 86.2, 8.0],
    ['videomae-vitl', 303.9, undefined],
    ['videomae-vith', 631.6, undefined],
  ] as const)('%s has the published number of parameters', (name, encoder, decoder) => {
    const counts = parameters(PRESETS[name]);
    expect(Math.abs(counts.encoder / 1e6 - encoder)).toBeLessThan(0.15);
    if (decoder !== undefined) expect(Math.abs(counts.decoder / 1e6 - decoder)).toBeLessThan(0.15);
  });

  it('keep 160 of 1568 tokens for VideoMAE and 79 of 196 a frame for MAC', () => {
    const base = PRESETS['videomae-vitb'];
    expect(maskCounts(base.mask, gridOf(base.video)).visible).toBe(160);
    const mac = PRESETS['mac-vitb'];
    expect(maskCounts(mac.mask, gridOf(mac.video)).visible).toBe(4 * 79);
  });

  it('refuse an unknown name and list the known ones', () => {
    expect(() => presetNamed('vitb')).toThrow(/'vitb'.*videomae-vitb/);
    expect(() => presetNamed('toString')).toThrow(/no preset/);
  });
});

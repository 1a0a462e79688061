import { describe, expect, it } from 'vitest';
import { type MaskKindName, maskCounts } from '../masking/index.js';
import { scaleLearningRate } from '../optim/schedule.js';
import { gridOf } from './patches.js';
import { PRESETS, type Preset, presetNamed } from './presets.js';
import { pretrainingModel } from './pretraining.js';
import { xavier } from './state.js';

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
          text:
            preset.teacher === true
              ? { frozen: true, width: 512 }
              : { ...preset.text, depth: 1, vocabulary: preset.vocabulary },
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

  it("have the epochs of VideoMAE's scripts", () => {
    const names = ['videomae-vits', 'videomae-vitb', 'videomae-vitl', 'videomae-vith'] as const;
    expect(names.map((name) => PRESETS[name].schedule.epochs)).toEqual([1601, 800, 1601, 1601]);
    for (const name of names) expect(PRESETS[name].schedule.warmupEpochs).toBe(40);
  });

  // Frozen-in-Time and MCQ: what the source names.
  it('mac-vitb has the recipe of the code that it builds on', () => {
    expect(PRESETS['mac-vitb']).toMatchObject({
      crop: 'random-resized',
      flip: true,
      encoder: { positions: 'learned-zero-slots', attention: 'joint', classToken: true },
      text: { depth: 6, norms: 'after', embeddingNorm: true, normEps: 1e-12, pool: 'first' },
      optimizer: { beta1: 0.9, beta2: 0.999, eps: 1e-6, weightDecay: 0 },
      schedule: { epochs: 10, decay: { kind: 'steps', at: [0.6, 0.8], factor: 0.1 } },
      batch: 160,
    });
    const { schedule, batch } = PRESETS['mac-vitb'];
    expect(scaleLearningRate(schedule.baseLearningRate, batch)).toBeCloseTo(3e-5, 12);
  });

  it("mac-vitb-curriculum has MCQ's two stages", () => {
    const { stages = [], schedule, batch } = PRESETS['mac-vitb-curriculum'];
    const [first, second] = stages;
    expect([first?.clip?.frames, second?.clip?.frames]).toEqual([1, 4]);
    const { recipe } = first ?? {};
    expect(
      scaleLearningRate(recipe?.schedule?.baseLearningRate ?? 0, recipe?.batch ?? 1),
    ).toBeCloseTo(1e-4, 12);
    expect(recipe?.schedule).toMatchObject({ epochs: 20, decay: { at: [0.6, 0.8], factor: 0.1 } });
    expect(second?.recipe).toBeUndefined();
    expect(scaleLearningRate(schedule.baseLearningRate, batch)).toBeCloseTo(3e-5, 12);
  });

  it('flip-vitb keeps half of the patches, or a quarter, and all of them in its tuning', () => {
    const { mask, video, stages = [] } = PRESETS['flip-vitb'];
    const visible = (ratio: number): number =>
      maskCounts({ ...mask, ratio }, gridOf(video)).visible;
    expect([0.5, 0.75].map(visible)).toEqual([98, 49]);
    expect(stages.map((stage) => visible(stage.mask?.ratio ?? mask.ratio ?? 0))).toEqual([98, 196]);
  });

  // Conv3d's and Linear's defaults: uniform over 1 / sqrt(inputs), weight and bias.
  it('start the embeddings of VideoMAE as its code leaves them to PyTorch', () => {
    const { video, encoder, decoder } = PRESETS['videomae-vitb'];
    const { state } = pretrainingModel(
      { video, encoder, mae: { decoder } },
      { batch: 1, visible: 8 },
    );
    const init = (name: string): unknown => state.find((each) => each.name === name)?.init;
    const cube = { kind: 'uniform', bound: 1 / Math.sqrt(2 * 16 * 16 * 3) };
    expect(init('encoder.patch.weight')).toEqual(cube);
    expect(init('encoder.patch.bias')).toEqual(cube);
    expect(init('decoder.embed.weight')).toEqual({ kind: 'uniform', bound: 1 / Math.sqrt(768) });
    // Standard deviations that were measured there.
    expect(cube.bound / Math.sqrt(3)).toBeCloseTo(0.0147, 4);
    expect(1 / Math.sqrt(768) / Math.sqrt(3)).toBeCloseTo(0.0208, 4);
    // What the code does initialise itself stays Xavier's.
    expect(init('decoder.head.weight')).toEqual(xavier(384, 1536));
    expect(init('encoder.0.mlp.fc1.weight')).toEqual(xavier(768, 3072));
  });

  // Tables 1 and 8, sections 3.2 to 3.4 and 4.2 of the paper; its ratios in 4.6.
  it.each([
    ['tgm-vitb-k400', 4, true],
    ['tgm-vitb-ssv2', 2, false],
  ] as const)('%s has the numbers of the paper', (name, stride, flip) => {
    const preset = PRESETS[name];
    expect(preset).toMatchObject({
      objective: 'mae+contrastive',
      video: { frames: 16, size: 224, tubelet: 2, patch: 16 },
      sampling: 'dense',
      crop: 'multi-scale',
      stride,
      flip,
      encoder: { width: 768, depth: 12, heads: 12 },
      textMask: { ratio: 0 },
      optimizer: { beta1: 0.9, beta2: 0.95, weightDecay: 0.05 },
      schedule: { baseLearningRate: 1.5e-4, epochs: 200, warmupEpochs: 40 },
      batch: 512,
      contrastive: {
        pool: 'mean',
        videoProjection: { kind: 'mlp-bn', width: 512 },
        textProjection: { kind: 'none', width: 512 },
      },
      teacher: true,
    });
    // A weight that is not given is 1: L = L_MSE + L_NCE.
    expect(preset.contrastive.weight).toBeUndefined();
    // 117 of the 196 patches of a frame are masked at 0.6.
    expect(maskCounts(preset.mask, gridOf(preset.video)).visible).toBe(8 * 79);
  });

  it('reach the other rows of its tables by the kind of mask alone', () => {
    const grid = gridOf(PRESETS['tgm-vitb-k400'].video);
    const visible = (kind: MaskKindName): number => maskCounts({ kind }, grid).visible;
    expect([visible('tube'), visible('motion-guided'), visible('text-guided')]).toEqual([
      8 * 20,
      8 * 49,
      8 * 79,
    ]);
    expect(visible('text-guided-bottom')).toBe(visible('text-guided'));
  });

  it('refuse an unknown name and list the known ones', () => {
    expect(() => presetNamed('vitb')).toThrow(/'vitb'.*videomae-vitb/);
    expect(() => presetNamed('toString')).toThrow(/no preset/);
  });
});

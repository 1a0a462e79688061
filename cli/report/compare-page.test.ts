import { expect, it } from 'vitest';
import { heated, lastBlock, peakOf } from '../../evaluation/attention-picture.js';
import { type Example, strips } from '../../evaluation/index.js';
import { parseConfig, type RunManifest, resolveSettings } from '../../run/index.js';
import { clipTokens, drawMask, gridOf } from '../../spec/index.js';
import { comparePage } from './compare-page.js';
import type { ReportInput } from './report-input.js';

const HOSTILE = '</script><img src=x onerror="alert(1)">\u2028\'"&';
const VIDEO = { frames: 4, size: 16, tubelet: 2, patch: 4 };

function run(folder: string, weight: number, losses: readonly number[], id = 'clip'): ReportInput {
  const settings = resolveSettings(
    parseConfig({
      preset: 'tiny-mae',
      data: { list: 'x' },
      output: folder,
      contrastive: { weight },
    }),
  );
  const manifest: RunManifest = {
    format: 1,
    lacuna: '0',
    created: '2026-01-02T03:04:05Z',
    settings,
    backend: {
      name: 'onnx',
      version: '1',
      device: 'CPU',
      contract: 'f32-ieee',
      deterministic: true,
    },
    node: 'v20',
    platform: 'linux x64',
    data: { clips: 2, digest: 'abc' },
    vocabulary: 9,
    tokens: { visible: 16, masked: 16 },
    parameters: 10,
    programs: { step: 'abc' },
  };
  const metrics = losses.map((loss, index) => ({
    step: index + 1,
    epoch: 0,
    metrics: { loss, 'loss.contrastive': loss },
    learningRate: 1e-3,
    stepSeconds: 1,
    waitSeconds: 0,
  }));
  return {
    folder,
    manifest,
    metrics,
    evaluations: [],
    problems: [],
    galleryWasTrainedOn: true,
    reconstructions: [example(id)],
  };
}

function example(id: string): Example {
  const frames = Uint8Array.from({ length: 4 * 16 * 16 * 3 }, (_, i) => (i * 37) % 256);
  const mask = drawMask({ kind: 'tube', ratio: 0.5 }, gridOf(VIDEO), {
    seed: 1,
    epoch: 0,
    sample: 1,
  });
  const values = new Float32Array(mask.masked.length * 96);
  // Two blocks; the last looks at token 5 alone.
  const attention = new Float32Array(2 * clipTokens(VIDEO));
  attention[clipTokens(VIDEO) + 5] = 1;
  return { id, caption: HOSTILE, frames, mask, prediction: values, target: values, attention };
}

it('shows a watched loss dashed beside an optimised one, as running means over the same steps', () => {
  const html = comparePage([run('runs/tube', 1, [2, 1]), run('runs/text', 0, [3, 3, Number.NaN])]);
  const data = /drawCharts\(document.getElementById\('charts'\), (.*)\);/.exec(html)?.[1] ?? '';
  const { steps, charts } = JSON.parse(data) as {
    steps: number[];
    charts: { series: { label: string; values: unknown[]; dashed?: boolean }[] }[];
  };
  expect(steps).toEqual([1, 2, 3]);
  const [tube, text] = charts[0]?.series ?? [];
  expect(tube).toMatchObject({ label: 'tube: tube 0.5, mae+contrastive', values: [2, 1.9, null] });
  expect(tube?.dashed).toBeUndefined();
  expect(text).toMatchObject({ values: [3, 3, null], dashed: true });
  expect(text?.label).toContain('contrastive watched');
});

it('escapes what names and captions hold, and loads nothing', () => {
  const html = comparePage([run(`runs/${HOSTILE}`, 1, [1], HOSTILE), run('runs/b', 1, [1])]);
  expect(html).not.toContain('<img src=x');
  expect(html.match(/<\/script>/g)?.length).toBe(html.match(/<script>/g)?.length ?? 0);
  expect(html).not.toMatch(/(src|href)\s*=\s*["']?https?:/);
  expect(html).toContain('It does not show this clip.');
});

it('copes with runs that have no step yet', () => {
  expect(comparePage([run('a', 1, []), run('b', 1, [])])).toContain('No step was recorded');
});

it('heats the cubes by the last block, and outlines the one that was asked', () => {
  const { attention = new Float32Array(0) } = example('x');
  const shares = lastBlock(attention, VIDEO);
  expect([shares.length, shares[5], peakOf(shares, VIDEO)]).toEqual([32, 1, 32]);
  const size = 2 * 4 * 4 * 3;
  const black = new Float32Array(32 * size);
  const picture = heated(black, shares, VIDEO);
  const brightness = (token: number): number =>
    picture.subarray(token * size, (token + 1) * size).reduce((a, b) => a + b, 0);
  // The token in the middle: slot 1, row 2, column 2.
  const middle = 16 + 2 * 4 + 2;
  for (let token = 0; token < 32; token++) {
    if (token === 5) expect(brightness(token)).toBeGreaterThan(40);
    else if (token === middle) expect(brightness(token)).toBe(2 * 12 * 3);
    else expect(brightness(token)).toBe(0);
  }
  expect(strips(example('x'), VIDEO, 'raw').map(({ title }) => title)).toContain(
    'attention of the centre patch',
  );
});

import { expect, it } from 'vitest';
import { strips } from '../../evaluation/index.js';
import {
  parseConfig,
  type RunManifest,
  resolveSettings,
  type StepMetrics,
} from '../../run/index.js';
import { drawMask, gridOf, matrixRows, unpatchify } from '../../spec/index.js';
import { reportPage } from './page.js';
import type { ReportInput } from './report-input.js';

const HOSTILE = '</script><img src=x onerror="alert(1)">\u2028\'"&';
const VIDEO = { frames: 4, size: 16, tubelet: 2, patch: 4 };

function manifest(): RunManifest {
  const settings = resolveSettings(
    parseConfig({ preset: 'tiny-mae', data: { list: HOSTILE }, output: 'runs/x' }),
  );
  return {
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
}

function step(number: number, loss: number): StepMetrics {
  return {
    step: number,
    epoch: 0,
    metrics: { loss },
    learningRate: 1e-3,
    stepSeconds: 1,
    waitSeconds: 0,
  };
}

it('shows the stages of a run, from which step to which', () => {
  const stages = [
    {
      name: 'one frame',
      steps: 5,
      data: { clips: 8, digest: '', others: [{ clips: 6, digest: '' }] },
      tokens: { visible: 4, masked: 12 },
      programs: {},
    },
    {
      name: 'four',
      steps: 7,
      data: { clips: 8, digest: '' },
      tokens: { visible: 64, masked: 0 },
      programs: {},
    },
  ];
  const page = reportPage({ ...EMPTY, manifest: { ...manifest(), stages } });
  for (const cell of ['2 stages of 12 steps', '1 to 5', '8 + 6', '4 of 16', '6 to 12', '64 of 64'])
    expect(page).toContain(cell);
  expect(reportPage(EMPTY)).not.toContain('Stages');
});

const EMPTY: ReportInput = {
  folder: 'runs/x',
  manifest: manifest(),
  metrics: [],
  evaluations: [],
  problems: [],
  galleryWasTrainedOn: true,
  reconstructions: [],
};

it('escapes names and captions, in text, attributes and scripts', () => {
  const score = {
    queries: 1,
    gallery: 1,
    recallAt1: 1,
    recallAt5: 1,
    recallAt10: 1,
    medianRank: 1,
    meanRank: 1,
    chanceAt1: 1,
    chanceAt5: 1,
    chanceAt10: 1,
  };
  const html = reportPage({
    ...EMPTY,
    problems: [{ id: HOSTILE, reason: HOSTILE }],
    retrieval: {
      similarity: matrixRows(Float32Array.of(0.5), 1, 1),
      captions: [HOSTILE],
      videos: [HOSTILE],
      protocol: {
        ...{ list: HOSTILE, digest: HOSTILE, videos: 1, texts: 'first', queries: 1, cut: 0 },
        ...{ frames: 4, size: 16, sampling: HOSTILE, windows: 1, dualSoftmax: false },
        convention: 'fair',
      },
    },
    evaluation: {
      list: HOSTILE,
      verdict: HOSTILE,
      rows: [{ model: HOSTILE, textToVideo: score, videoToText: score }],
    },
  });
  expect(html).not.toContain('<img src=x');
  expect(html).not.toContain('</script><img');
  expect(html.match(/<\/script>/g)?.length).toBe(html.match(/<script>/g)?.length ?? 0);
});

it('loads nothing, from anywhere', () => {
  const html = reportPage({ ...EMPTY, metrics: [step(1, 2)] });
  expect(html).not.toMatch(/(src|href)\s*=\s*["']?https?:/);
  expect(html).not.toMatch(/@import|url\(\s*["']?https?:/);
});

it('copes with no step, one step and losses that are not finite', () => {
  expect(reportPage(EMPTY)).toContain('No step was recorded');
  expect(reportPage({ ...EMPTY, metrics: [step(1, 3)] })).toContain('"values":[3]');
  const counted = (equal: number): string =>
    reportPage({
      ...EMPTY,
      metrics: [{ ...step(1, 3), metrics: { loss: 3, equal_captions: equal } }],
    });
  expect([counted(0), counted(2)].map((page) => page.includes('equal_captions'))).toEqual([
    false,
    true,
  ]);
  const evaluations = [{ step: 2, evaluator: 'retrieval', scores: { r1: 0.25 } }];
  const judged = reportPage({ ...EMPTY, metrics: [step(1, 3), step(2, 2)], evaluations });
  expect(judged).toContain('{"label":"retrieval: r1","sparse":true,"values":[null,0.25]}');
  const broken = reportPage({ ...EMPTY, metrics: [step(1, Number.NaN), step(2, 1)] });
  expect(broken).toContain('"values":[null,1]');
});

it('draws a clip as it is, and a perfect prediction as the clip', () => {
  const frames = Uint8Array.from({ length: 4 * 16 * 16 * 3 }, (_, i) => (i * 37) % 256);
  const mask = drawMask({ kind: 'tube', ratio: 0.5 }, gridOf(VIDEO), {
    seed: 1,
    epoch: 0,
    sample: 1,
  });
  const size = 2 * 4 * 4 * 3;
  const order = unpatchify(
    Float32Array.from(frames, (_, i) => i),
    VIDEO,
  );
  const cubes = new Float32Array(frames.length);
  order.forEach((cube, position) => {
    cubes[cube] = (frames[position] as number) / 255;
  });
  const perfect = Float32Array.from(
    [...mask.masked].flatMap((token) => [...cubes.subarray(token * size, (token + 1) * size)]),
  );
  const example = { id: 'x', caption: 'x', frames, mask, prediction: perfect, target: perfect };
  const [target, masked, alone] = strips(example, VIDEO, 'raw').map(({ png }) => png);
  expect(alone).toBe(target);
  expect(masked).not.toBe(target);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLAUSES, type ConformanceReport } from '../../conformance/index.js';
import { capable } from '../../core/testing/capability.js';
import type { Example } from '../../evaluation/index.js';
import { parseConfig, type RunManifest, resolveSettings } from '../../run/index.js';
import { drawMask, gridOf, matrixRows } from '../../spec/index.js';
import { conformancePage } from '../conform/page.js';
import { retrievalPage } from '../retrieval/retrieval-page.js';
import { BrowserTab } from '../testing/browser-tab.js';
import { findChromium } from '../testing/chromium.js';
import { comparePage } from './compare-page.js';
import { reportPage } from './page.js';
import { probePage } from './probe-page.js';
import type { ReportInput } from './report-input.js';

/** Each of these would run a script, send something or change the page, if it became more than text. */
const PAYLOADS = [
  `</script><script>ran('script')</script>`,
  `"><img src=x onerror="ran('img')">`,
  `'><svg onload=ran('svg')>`,
  '<!--<script>',
  '</style><link rel=stylesheet href=http://127.0.0.1:9/style>',
  '<iframe src="http://127.0.0.1:9/frame"></iframe><base href="http://127.0.0.1:9/">',
  '<meta http-equiv=refresh content="0;url=http://127.0.0.1:9/refresh">',
  `\u2028ran('line')//\\u003cscript>&lt;b&gt;\${ran('template')}`,
].join(' ');
/** Runs before the page: every payload that becomes a script calls it. */
const WATCH = `globalThis.scriptsRun = []; globalThis.ran = (how) => scriptsRun.push(how);`;

const VIDEO = { frames: 4, size: 16, tubelet: 2, patch: 4 };
const SCORE = {
  ...{ queries: 1, gallery: 1, recallAt1: 1, recallAt5: 1, recallAt10: 1, medianRank: 1 },
  ...{ meanRank: 1, chanceAt1: 1, chanceAt5: 1, chanceAt10: 1 },
};

/** A value of the same form with the payloads in the place of every text, and in every key of `open` maps. */
function poisoned<T>(value: T, keep: readonly string[] = []): T {
  const walk = (each: unknown, key: string): unknown => {
    if (keep.includes(key)) return each;
    if (typeof each === 'string') return PAYLOADS;
    if (Array.isArray(each)) return each.map((inner) => walk(inner, key));
    if (typeof each !== 'object' || each === null || ArrayBuffer.isView(each)) return each;
    return Object.fromEntries(
      Object.entries(each).map(([name, inner]) => [name, walk(inner, name)]),
    );
  };
  return walk(value, '') as T;
}

function example(): Example {
  const frames = Uint8Array.from({ length: 4 * 16 * 16 * 3 }, (_, i) => (i * 37) % 256);
  const mask = drawMask({ kind: 'tube', ratio: 0.5 }, gridOf(VIDEO), {
    seed: 1,
    epoch: 0,
    sample: 1,
  });
  const values = new Float32Array(mask.masked.length * 96);
  return { id: PAYLOADS, caption: PAYLOADS, frames, mask, prediction: values, target: values };
}

function report(): ReportInput {
  const settings = resolveSettings(
    parseConfig({ preset: 'tiny-mae', data: { list: PAYLOADS }, output: PAYLOADS }),
  );
  const manifest: RunManifest = {
    ...{ format: 1, lacuna: 'x', created: 'x', node: 'x', platform: 'x' },
    backend: { name: 'x', version: 'x', device: 'x', contract: 'x', deterministic: true },
    settings: { ...settings, preset: settings.preset },
    data: { clips: 2, digest: 'x' },
    ...{ vocabulary: 9, tokens: { visible: 16, masked: 16 }, parameters: 10 },
    programs: { [PAYLOADS]: 'x' },
  };
  const metrics = [1, 2].map((step) => ({
    ...{ step, epoch: 0, learningRate: 1, stepSeconds: 1, waitSeconds: 0 },
    metrics: { loss: 1, 'loss.mae': 1, [`loss.${PAYLOADS}`]: 1, [PAYLOADS]: 2 },
  }));
  return {
    folder: PAYLOADS,
    manifest: poisoned(manifest, ['settings']),
    metrics,
    evaluations: [{ step: 1, evaluator: PAYLOADS, scores: { [PAYLOADS]: 1 }, protocol: PAYLOADS }],
    problems: [{ id: PAYLOADS, reason: PAYLOADS }],
    evaluation: {
      ...{ list: PAYLOADS, verdict: PAYLOADS },
      rows: [{ model: PAYLOADS, textToVideo: SCORE, videoToText: SCORE }],
    },
    retrieval: {
      ...{ similarity: matrixRows(Float32Array.of(0.5), 1, 1) },
      ...{ captions: [PAYLOADS], videos: [PAYLOADS] },
      protocol: {
        ...{ list: PAYLOADS, digest: PAYLOADS, videos: 1, texts: 'labels', queries: 1, cut: 0 },
        ...{ prompt: PAYLOADS, frames: 4, size: 16, sampling: PAYLOADS, windows: 1 },
        ...{ dualSoftmax: false, convention: 'fair' },
      },
    },
    galleryWasTrainedOn: true,
    reconstructions: [example()],
  };
}

function conformance(): ConformanceReport {
  const check = {
    ...{ id: 'x', level: 1, clauses: CLAUSES.map(({ id }) => id), seconds: 1, verdict: 'fail' },
    ...{ cases: 1, elements: 1, undecided: 0, worstRatio: 2, reason: 'x', known: 'x' },
    failure: {
      ...{ address: 'x', what: 'x', path: 'x', diagnosis: 'x' },
      deviation: { output: 'x', index: [0], got: 1, want: 2, low: 1, high: 3, ratio: 2 },
    },
  } as const;
  const made = {
    ...{ format: 'lacuna-conformance/1', spec: 'x', suite: 'x', seed: 1, double: false },
    ...{ valid: false, ok: false, accuracy: [{ function: 'exp', observed: 1, granted: 2 }] },
    subject: {
      name: 'x',
      version: 'x',
      device: 'x',
      contract: 'f32-ieee',
      deterministic: true,
      claims: [],
    },
    counts: { pass: 0, fail: 1, vacuous: 0, unsupported: 0, blocked: 0, 'not-run': 0 },
    checks: [check],
    canaries: [{ name: 'x', address: 'x', mustFail: true, behaved: false }],
  } as const;
  return poisoned(made as ConformanceReport, ['verdict', 'clauses', 'contract', 'function']);
}

const probe = (): string => {
  const { folder, metrics, evaluations, problems } = report();
  const manifest = poisoned({
    ...{ format: 1, lacuna: 'x', created: 'x', node: 'x', platform: 'x', task: 'linear-probe' },
    backend: { name: 'x', version: 'x', device: 'x', contract: 'x', deterministic: true },
    settings: {
      ...{ run: 'x', data: { path: 'x', root: 'x' }, output: 'x', seed: 1, steps: 1 },
      ...{ learningRate: 1, evaluateEvery: 1, checkpoints: { everySteps: 1, keep: 1 } },
      backend: { name: 'x' },
    },
    ...{ data: { clips: 1, digest: 'x' }, test: { clips: 1, digest: 'x' }, classes: ['x'] },
    ...{ width: 1, features: 'x', parameters: 1, programs: {} },
  } as const) as Parameters<typeof probePage>[0]['manifest'];
  const share = { share: 1, low: 0, high: 1 };
  const outcome = poisoned({
    ...{ format: 1, lacuna: 'x', head: 'linear', protocol: 'x', interval: 'x', classes: ['x'] },
    scores: { top1: share, top5: share, trainTop1: 1, chance: 1, majority: 1 },
    clips: { train: 1, test: 1 },
    choice: {
      ...{ clips: 1, highest: 1, lowest: 1, mean: 1, deviation: 0, chosen: 0 },
      candidates: [{ rate: 1, decay: 0, top1: 1 }],
    },
    confusion: [{ right: 'x', named: 'x', clips: 1 }],
  } as const) as Parameters<typeof probePage>[0]['outcome'];
  return probePage({ folder, manifest, metrics, evaluations, problems, outcome });
};

const retrieval = (): string => {
  const scores = {
    recallAt1: 1,
    recallAt5: 1,
    recallAt10: 1,
    medianRank: 1,
    meanRank: 1,
    ranks: 1,
  };
  const answer = { video: PAYLOADS, similarity: 0.5 };
  const query = { text: PAYLOADS, rank: 1, answers: [{ ...answer, right: false }], right: answer };
  const protocol = report().retrieval?.protocol;
  if (protocol === undefined) throw new Error('the report has a retrieval');
  const result = {
    ...{ format: 'lacuna retrieval 1' as const, lacuna: PAYLOADS, protocol },
    model: { run: PAYLOADS, digest: PAYLOADS, backend: PAYLOADS, trainedOnIt: true },
    protocolText: PAYLOADS,
    ...{ textToVideo: scores, videoToText: scores, chance: { textToVideo: 1, videoToText: 1 } },
    leftOut: [{ id: PAYLOADS, reason: PAYLOADS }],
  };
  return retrievalPage({
    results: [
      { ...result, differences: [] },
      { ...result, differences: [PAYLOADS] },
    ],
    ranks: { textToVideo: [0, 7.5], videoToText: [0] },
    ...{ worst: [query], best: [query] },
  });
};

const PAGES: Readonly<Record<string, () => string>> = {
  'a report': () => reportPage(report()),
  'a comparison': () => comparePage([report(), report()]),
  'the report of a probe': probe,
  'a page of retrieval': retrieval,
  'a page of conformance': () => conformancePage([conformance(), conformance()]),
};

const chromium = findChromium();
const missing = typeof chromium === 'string' ? chromium : undefined;

describe.skipIf(!capable('chromium', missing))('with payloads in every field', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-pages-'));
  let tab: BrowserTab;
  beforeAll(async () => {
    if (typeof chromium === 'string') throw new Error(chromium);
    tab = await BrowserTab.open(chromium);
  });
  afterAll(async () => {
    await tab?.close();
    rmSync(folder, { recursive: true });
  });

  async function open(text: string): Promise<string> {
    const file = join(folder, 'page.html');
    writeFileSync(file, text);
    const url = pathToFileURL(file).href;
    await tab.visit(url, WATCH);
    await tab.loaded();
    return url;
  }

  it.each(Object.keys(PAGES))(
    '%s runs none of them, asks for nothing and shows them',
    async (name) => {
      const text = PAGES[name]?.() ?? '';
      const url = await open(text);
      const facts = await tab.evaluate<object>(`({
      ran: scriptsRun,
      strange: document.querySelectorAll('body link, body base, body meta, iframe, svg[onload], [onerror]').length,
      shown: document.body.innerText.includes("ran('img')"),
      charts: document.querySelectorAll('.chart canvas').length > 0,
    })`);
      const charts = !['a page of conformance', 'a page of retrieval'].includes(name);
      expect(facts).toEqual({ ran: [], strange: 0, shown: true, charts });
      expect(tab.requests).toEqual([url]);
      expect(tab.complaints).toEqual([]);
    },
  );

  it('a page that escaped nothing would be held back by its policy, and be noticed here', async () => {
    const text = PAGES['a report']?.() ?? '';
    await open(text.replace('<h1>', `<h1>${PAYLOADS}`));
    expect(await tab.evaluate('scriptsRun')).toEqual([]);
    expect(tab.complaints.join()).toContain('Content Security Policy');
    const bare = text.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, '');
    await open(bare.replace('<h1>', `<h1><img src=x onerror="ran('img')">`));
    expect(await tab.evaluate('scriptsRun')).toEqual(['img']);
    expect(tab.requests).toHaveLength(2);
  });
});

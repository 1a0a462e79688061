import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../../cli/open-backend.js';
import { startPageServer } from '../../cli/serve/page-server.js';
import type { BrowserTab } from '../../cli/testing/browser-tab.js';
import { lacunaSync } from '../../cli/testing/lacuna.js';
import { chromiumMissing, type SiteInChromium } from '../../cli/testing/site-in-chromium.js';
import { moment, TrainPage } from '../../cli/testing/train-page.js';
import { BUILT_SITE } from '../../core/testing/built.js';
import { capable } from '../../core/testing/capability.js';
import { readEvaluations, readManifest, readMetrics } from '../../run/index.js';
import { buildSite } from '../../scripts/site/build-site.js';
import { resumePretraining } from '../../training/index.js';
import { parseOptions } from './run-options.js';
import { DRAWS_PAGE } from './testing/draws-page.js';
import { stepDraws } from './testing/step-draws.js';

const QUERY = 'steps=24&batch=4&clips=24&heldOut=4&every=8&model=small';

describe.skipIf(!capable('chromium', chromiumMissing))('the page that trains, in Chromium', () => {
  let page: TrainPage;
  let site: SiteInChromium;
  let tab: BrowserTab;
  beforeAll(async () => {
    page = await TrainPage.open();
    ({ site } = page);
    ({ tab } = site);
  });
  afterAll(() => page?.close());

  it('trains, pauses, goes on, and hands over a run that Node goes on with and gives back', async () => {
    await page.visit(QUERY);
    await page.until('ready');
    expect(await site.shown('verdict')).toBe(
      'Ready to train the small model for 24 steps of 4 clips, of 24.',
    );
    await page.click('start');
    await page.until('training');
    while ((await page.stepsDone()) < 1) await moment();
    await page.click('pause');
    expect(await page.until('paused')).toBe('paused');
    const leaves = "window.dispatchEvent(new Event('beforeunload', { cancelable: true }))";
    expect(await tab.evaluate(leaves)).toBe(false);
    // A run that was not downloaded makes no room for another, and a file that is no run leaves it as it is.
    const wrong = join(site.folder, 'no-run.tar');
    writeFileSync(wrong, 'no tar at all '.repeat(100));
    await page.pick(wrong);
    while (!(await site.shown('verdict')).includes('steps that were not downloaded'))
      await moment();
    const paused = await page.downloaded('paused');
    while (!(await tab.evaluate<boolean>(leaves))) await moment();
    await page.pick(wrong);
    await expect(page.until('never')).rejects.toThrow(
      /no tar that can be read.* The checkpoint of step \d+ is still here: go on/,
    );
    const before = await readMetrics(paused);
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThan(24);

    await page.goOn();
    expect(await page.until('finished')).toBe('finished');
    while ((await page.stepsDone()) < 24) await moment();
    const titles = await tab.evaluate<string[]>(
      "[...document.querySelectorAll('#curves figcaption')].map((each) => each.innerText.split(':')[0])",
    );
    expect(titles.sort()).toEqual(
      ['R@1, text to video', 'learning rate', 'loss', 'loss.contrastive', 'loss.mae'].sort(),
    );
    const points =
      "document.querySelector('#curves polyline').getAttribute('points').split(' ').length";
    expect(await tab.evaluate(points)).toBe(24);
    const drawn =
      "[...document.querySelectorAll('#pictures img')].filter((each) => each.naturalWidth > 0).length";
    expect(await tab.evaluate<number>(drawn)).toBeGreaterThanOrEqual(9);
    expect(await site.shown('verdict')).toMatch(
      /^Finished\. It finds .* by chance it would be 25.0 %/,
    );
    const whole = await page.downloaded('whole');
    const alone = await readMetrics(whole);
    expect(alone.map(({ step }) => step)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
    expect(alone.slice(0, before.length)).toEqual(before);
    expect((await readEvaluations(whole)).map(({ step }) => step)).toEqual([8, 8, 16, 16, 24, 24]);

    // In Node: the report, some steps more, and back.
    const report = lacunaSync('report', paused, '--examples', '1');
    expect([report.code, report.stderr.includes('error')]).toEqual([0, false]);
    const backend = await openBackend({ backend: { name: 'onnx', threads: 1 } });
    const stop = new AbortController();
    await resumePretraining(paused, backend, {
      version: 'test',
      signal: stop.signal,
      onEvent: (event) => {
        if (event.kind === 'step' && event.step === before.length + 2) stop.abort();
      },
    });
    await backend.dispose();
    const { continued = [] } = await readManifest(paused);
    expect(continued.map((each) => [each.step, each.backend.name])).toEqual([
      [before.length, 'onnx'],
    ]);
    const back = join(site.folder, 'back.tar');
    execFileSync('tar', ['-cf', back, '-C', join(site.folder, 'paused'), 'demo-in-browser']);
    await page.pick(back);
    await page.until('preparing', 'training');
    expect(await page.until('finished')).toBe('finished');
    // It has steps that the file has not, though no more than the run that was downloaded before.
    expect(await tab.evaluate(leaves)).toBe(false);
    expect(await site.shown('notes')).toMatch(
      /The run goes on with webgpu.*until step \d+ it was onnx/,
    );
    const both = await readMetrics(await page.downloaded('both'));
    expect(both.map(({ step, learningRate }) => [step, learningRate])).toEqual(
      alone.map(({ step, learningRate }) => [step, learningRate]),
    );
    // The same run to what float32 rounds: far nearer than any two steps are to each other.
    const loss = (lines: typeof both, i: number): number => lines[i]?.metrics.loss ?? Number.NaN;
    const apart = Math.max(...both.map((_, i) => Math.abs(loss(both, i) - loss(alone, i))));
    const between = Math.min(
      ...alone.slice(1).map((_, i) => Math.abs(loss(alone, i + 1) - loss(alone, i))),
    );
    expect(apart).toBeLessThan(between / 10);
    expect([site.strangers, tab.complaints]).toEqual([[], []]);
  });

  it('is given what Node is given, to the bit: first weights, samples, frames, masks, words', async () => {
    const draws = join(site.folder, 'draws');
    await buildSite([DRAWS_PAGE], draws);
    const own = await startPageServer({ port: 0, site: draws });
    try {
      await tab.visit(`${own.url}index.html?${QUERY}`);
      await tab.loaded();
      await page.until('ready');
      const drawn = await stepDraws(parseOptions(QUERY), join(site.folder, 'node'));
      expect(JSON.parse(await site.shown('verdict'))).toEqual(drawn);
      expect(Object.keys(drawn.steps[3]?.feeds ?? {}).length).toBeGreaterThan(3);
    } finally {
      await own.close();
    }
  });

  it('says what is wrong with a file, an address, or a browser', async () => {
    await page.visit(QUERY);
    await page.until('ready');
    const wrong = join(site.folder, 'wrong.tar');
    writeFileSync(wrong, 'no tar at all '.repeat(100));
    await page.pick(wrong);
    await expect(page.until('never')).rejects.toThrow(/failed: .*this is no tar that can be read/);
    mkdirSync(join(site.folder, 'downloads'));
    execFileSync('tar', ['-cf', wrong, '-C', site.folder, 'downloads']);
    await page.pick(wrong);
    while (!(await site.shown('verdict')).includes('holds no run')) await moment();
    expect(await tab.evaluate("document.getElementById('start').hidden")).toBe(false);
    for (const [query, message] of [
      ['steps=many', /steps: this setting is out of bounds.*got many/i],
      ['model=huge', /there is no such model.*demo or small/i],
      ['stepz=1', /no such setting.*got stepz/i],
    ] as const) {
      await page.visit(query);
      await expect(page.until('never')).rejects.toThrow(message);
    }
    await page.visit(
      QUERY,
      "Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined });",
    );
    await expect(page.until('never')).rejects.toThrow(/has no WebGPU.*Take a current Chrome/);
  });
});

it('has in its folder in the built site what a person is told to type', () => {
  const page = readFileSync(join(BUILT_SITE, 'train.html'), 'utf8');
  for (const line of [
    'tar -xf demo-in-browser.tar',
    'lacuna pretrain --resume demo-in-browser/run',
  ])
    expect(page).toContain(line);
});

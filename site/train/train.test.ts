import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../../cli/open-backend.js';
import { startPageServer } from '../../cli/serve/page-server.js';
import type { BrowserTab } from '../../cli/testing/browser-tab.js';
import { lacunaSync } from '../../cli/testing/lacuna.js';
import { chromiumMissing, SiteInChromium } from '../../cli/testing/site-in-chromium.js';
import { BUILT_SITE } from '../../core/testing/built.js';
import { capable } from '../../core/testing/capability.js';
import { readEvaluations, readManifest, readMetrics } from '../../run/index.js';
import { buildSite } from '../../scripts/site/build-site.js';
import { resumePretraining } from '../../training/index.js';
import { parseOptions } from './run-options.js';
import { DRAWS_PAGE } from './testing/draws-page.js';
import { stepDraws } from './testing/step-draws.js';

const QUERY = 'steps=24&batch=4&clips=24&heldOut=4&every=8&model=small';
const TAR = 'demo-in-browser.tar';

describe.skipIf(!capable('chromium', chromiumMissing))('the page that trains, in Chromium', () => {
  let site: SiteInChromium;
  let tab: BrowserTab;
  beforeAll(async () => {
    site = await SiteInChromium.open();
    ({ tab } = site);
  });
  afterAll(() => site?.close());

  const click = (id: string): Promise<void> =>
    tab.evaluate(`document.getElementById('${id}').click()`);
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));
  const stepsDone = async (): Promise<number> =>
    Number.parseInt((await site.shown('progress-text')) || '0', 10);

  const stateNow = (): Promise<string> =>
    tab.evaluate<string>("document.getElementById('page').dataset.state");

  /** Waits until the page is in one of these states. */
  async function until(...states: readonly string[]): Promise<string> {
    for (;;) {
      const state = await stateNow();
      if (states.includes(state)) return state;
      if (['failed', 'broken', 'unavailable'].includes(state) || tab.complaints.length > 0)
        throw new Error(`${state}: ${await site.shown('verdict')}\n${tab.complaints.join('\n')}`);
      await pause();
    }
  }

  async function visit(query: string, before?: string): Promise<void> {
    await tab.visit(`${site.url}train.html?${query}`, before);
    await tab.loaded();
  }

  /** Downloads the run and unpacks it as a person does. Returns the run folder. */
  async function downloaded(name: string): Promise<string> {
    rmSync(join(site.folder, TAR), { force: true });
    await click('download');
    while (!existsSync(join(site.folder, TAR))) await pause();
    mkdirSync(join(site.folder, name));
    execFileSync('tar', ['-xf', join(site.folder, TAR), '-C', join(site.folder, name)]);
    return join(site.folder, name, 'demo-in-browser', 'run');
  }

  async function pick(path: string): Promise<void> {
    const { result } = await tab.send<{ readonly result: { readonly objectId: string } }>(
      'Runtime.evaluate',
      { expression: "document.getElementById('file')" },
    );
    await tab.send('DOM.setFileInputFiles', { files: [path], objectId: result.objectId });
  }

  it('trains, pauses, goes on, and hands over a run that Node goes on with and gives back', async () => {
    await visit(QUERY);
    await until('ready');
    expect(await site.shown('verdict')).toBe(
      'Ready to train the small model for 24 steps of 4 clips, of 24.',
    );
    await click('start');
    await until('training');
    while ((await stepsDone()) < 1) await pause();
    await click('pause');
    expect(await until('paused')).toBe('paused');
    const leaves = "window.dispatchEvent(new Event('beforeunload', { cancelable: true }))";
    expect(await tab.evaluate(leaves)).toBe(false);
    // A run that was not downloaded makes no room for another, and a file that is no run leaves it as it is.
    const wrong = join(site.folder, 'no-run.tar');
    writeFileSync(wrong, 'no tar at all '.repeat(100));
    await pick(wrong);
    while (!(await site.shown('verdict')).includes('steps that were not downloaded')) await pause();
    const paused = await downloaded('paused');
    while (!(await tab.evaluate<boolean>(leaves))) await pause();
    await pick(wrong);
    await expect(until('never')).rejects.toThrow(
      /no tar that can be read.* The checkpoint of step \d+ is still here: go on/,
    );
    const before = await readMetrics(paused);
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThan(24);

    await click('go-on');
    while ((await stateNow()) === 'failed') await pause();
    expect(await until('finished')).toBe('finished');
    while ((await stepsDone()) < 24) await pause();
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
    const whole = await downloaded('whole');
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
    await pick(back);
    await until('preparing', 'training');
    expect(await until('finished')).toBe('finished');
    // It has steps that the file has not, though no more than the run that was downloaded before.
    expect(await tab.evaluate(leaves)).toBe(false);
    expect(await site.shown('notes')).toMatch(
      /The run goes on with webgpu.*until step \d+ it was onnx/,
    );
    const both = await readMetrics(await downloaded('both'));
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

  it('goes on where it was paused before its first step', async () => {
    await visit('steps=2&batch=4&clips=24&heldOut=2&every=2&model=small');
    await until('ready');
    await click('start');
    await until('preparing', 'training');
    await click('pause');
    await until('paused');
    const offered = await tab.evaluate<string[]>(
      "['start', 'go-on'].filter((id) => !document.getElementById(id).hidden)",
    );
    expect(offered).toHaveLength(1);
    await click(offered[0] ?? '');
    await until('preparing', 'training', 'finished');
    expect(await until('finished')).toBe('finished');
    expect(await readMetrics(await downloaded('at-once'))).toHaveLength(2);
  });

  it('tells of a GPU that is lost, and goes on from the last checkpoint with another', async () => {
    await visit('steps=40&batch=4&clips=24&heldOut=2&every=4&model=small');
    await until('ready');
    const inWorker = (expression: string): Promise<unknown> =>
      tab.send('Runtime.evaluate', { expression, awaitPromise: true }, tab.workers.at(-1));
    await inWorker(`const own = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (...asked) {
  return (globalThis.device = await own.apply(this, asked));
};`);
    await click('start');
    while ((await stepsDone()) < 5) await pause();
    await inWorker('device.destroy()');
    const lost =
      /failed: .*the device was lost.* The checkpoint of step \d+ is still here: go on/is;
    await expect(until('never')).rejects.toThrow(lost);
    await click('go-on');
    while ((await stateNow()) === 'failed') await pause();
    await until('training', 'finished');
    expect(await site.shown('notes')).not.toContain('no good checkpoint');
    expect(await until('finished')).toBe('finished');
    const run = await downloaded('lost');
    expect((await readMetrics(run)).map(({ step }) => step)).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
    // Its clips are drawn again where it comes without them.
    const alone = join(site.folder, 'alone.tar');
    execFileSync('tar', ['-cf', alone, '-C', join(run, '..'), 'run']);
    await pick(alone);
    await until('preparing');
    expect(await until('finished')).toBe('finished');
    while ((await stepsDone()) < 40) await pause();
  });

  it('is given what Node is given, to the bit: first weights, samples, frames, masks, words', async () => {
    const draws = join(site.folder, 'draws');
    await buildSite([DRAWS_PAGE], draws);
    const own = await startPageServer({ port: 0, site: draws });
    try {
      await tab.visit(`${own.url}index.html?${QUERY}`);
      await tab.loaded();
      await until('ready');
      const drawn = await stepDraws(parseOptions(QUERY), join(site.folder, 'node'));
      expect(JSON.parse(await site.shown('verdict'))).toEqual(drawn);
      expect(Object.keys(drawn.steps[3]?.feeds ?? {}).length).toBeGreaterThan(3);
    } finally {
      await own.close();
    }
  });

  it('says what is wrong with a file, an address, or a browser', async () => {
    await visit(QUERY);
    await until('ready');
    const wrong = join(site.folder, 'wrong.tar');
    writeFileSync(wrong, 'no tar at all '.repeat(100));
    await pick(wrong);
    await expect(until('never')).rejects.toThrow(/failed: .*this is no tar that can be read/);
    mkdirSync(join(site.folder, 'downloads'));
    execFileSync('tar', ['-cf', wrong, '-C', site.folder, 'downloads']);
    await pick(wrong);
    while (!(await site.shown('verdict')).includes('holds no run')) await pause();
    expect(await tab.evaluate("document.getElementById('start').hidden")).toBe(false);
    for (const [query, message] of [
      ['steps=many', /steps: this setting is out of bounds.*got many/i],
      ['model=huge', /there is no such model.*demo or small/i],
      ['stepz=1', /no such setting.*got stepz/i],
    ] as const) {
      await visit(query);
      await expect(until('never')).rejects.toThrow(message);
    }
    await visit(QUERY, "Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined });");
    await expect(until('never')).rejects.toThrow(/has no WebGPU.*Take a current Chrome/);
  });
});

it('has in its folder in the built site what a person is told to type', () => {
  const page = readFileSync(join(BUILT_SITE, 'train.html'), 'utf8');
  for (const line of [`tar -xf ${TAR}`, 'lacuna pretrain --resume demo-in-browser/run'])
    expect(page).toContain(line);
});

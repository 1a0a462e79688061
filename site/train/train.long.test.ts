import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumMissing } from '../../cli/testing/site-in-chromium.js';
import { moment, TrainPage } from '../../cli/testing/train-page.js';
import { capable } from '../../core/testing/capability.js';
import { readMetrics } from '../../run/index.js';

describe.skipIf(!capable('chromium', chromiumMissing))('the page that trains, in Chromium', () => {
  let page: TrainPage;
  beforeAll(async () => {
    page = await TrainPage.open();
  });
  afterAll(() => page?.close());

  it('goes on where it was paused before its first step', async () => {
    await page.visit('steps=2&batch=4&clips=24&heldOut=2&every=2&model=small');
    await page.until('ready');
    await page.click('start');
    await page.until('preparing', 'training');
    await page.click('pause');
    await page.until('paused');
    const offered = await page.site.tab.evaluate<string[]>(
      "['start', 'go-on'].filter((id) => !document.getElementById(id).hidden)",
    );
    expect(offered).toHaveLength(1);
    await page.click(offered[0] ?? '');
    await page.until('preparing', 'training', 'finished');
    expect(await page.until('finished')).toBe('finished');
    expect(await readMetrics(await page.downloaded('at-once'))).toHaveLength(2);
  });

  it('tells of a GPU that is lost, and goes on from the last checkpoint with another', async () => {
    const { folder, tab } = page.site;
    await page.visit('steps=40&batch=4&clips=24&heldOut=2&every=4&model=small');
    await page.until('ready');
    const inWorker = (expression: string): Promise<unknown> =>
      tab.send('Runtime.evaluate', { expression, awaitPromise: true }, tab.workers.at(-1));
    await inWorker(`const own = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (...asked) {
  return (globalThis.device = await own.apply(this, asked));
};`);
    await page.click('start');
    while ((await page.stepsDone()) < 5) await moment();
    await inWorker('device.destroy()');
    const lost =
      /failed: .*the device was lost.* The checkpoint of step \d+ is still here: go on/is;
    await expect(page.until('never')).rejects.toThrow(lost);
    await page.goOn();
    await page.until('training', 'finished');
    expect(await page.site.shown('notes')).not.toContain('no good checkpoint');
    expect(await page.until('finished')).toBe('finished');
    const run = await page.downloaded('lost');
    expect((await readMetrics(run)).map(({ step }) => step)).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
    // Its clips are drawn again where it comes without them.
    const alone = join(folder, 'alone.tar');
    execFileSync('tar', ['-cf', alone, '-C', join(run, '..'), 'run']);
    await page.pick(alone);
    await page.until('preparing');
    expect(await page.until('finished')).toBe('finished');
    while ((await page.stepsDone()) < 40) await moment();
  });
});

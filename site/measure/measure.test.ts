import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrowserTab } from '../../cli/testing/browser-tab.js';
import { chromiumMissing, SiteInChromium } from '../../cli/testing/site-in-chromium.js';
import { readAdapterReport } from '../../core/measure/adapter-report.js';
import { bestProduct, copyRate } from '../../core/measure/adapter-table.js';
import { capable } from '../../core/testing/capability.js';

/** An adapter that says it has f16 in kernels. */
const F16_IN_NAME = `for (const { prototype } of [GPUAdapter, GPUDevice]) {
  const { get } = Object.getOwnPropertyDescriptor(prototype, 'features');
  Object.defineProperty(prototype, 'features', {
    get() { return new Set([...get.call(this), 'shader-f16']); },
  });
}
const own = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = function ({ requiredFeatures, ...others }) {
  return own.call(this, {
    ...others,
    requiredFeatures: requiredFeatures.filter((feature) => feature !== 'shader-f16'),
  });
};`;

describe.skipIf(!capable('chromium', chromiumMissing))(
  'the page Measure in Chromium, on SwiftShader',
  () => {
    let site: SiteInChromium;
    let tab: BrowserTab;
    beforeAll(async () => {
      site = await SiteInChromium.open();
      ({ tab } = site);
      await tab.visit(`${site.url}measure.html`);
      expect(await tab.settled()).toBe('ready');
    });
    afterAll(() => site?.close());

    /** Measures products and copies of the smallest sizes; `then` is done on the page once it has begun. */
    async function measured(then = ''): Promise<string> {
      await tab.evaluate(`(() => {
      document.getElementById('page').dataset.state = 'waiting';
      document.getElementById('edge').value = '256';
      document.getElementById('start').click();
      ${then}
    })()`);
      return tab.settled();
    }

    it('measures, shows rates and shares, and gives a report that can be read', async () => {
      expect(await measured()).toBe('measured');
      const tables = await site.shown('tables');
      expect(tables).toMatch(/256 x 256 x 256\s+[\d.]+\s+[\d.]+\s+100 %/);
      expect(await site.shown('adapter-name')).toContain('swiftshader');
      await tab.evaluate("document.getElementById('download').click()");
      const file = join(site.folder, 'measure.json');
      while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 50));
      const report = readAdapterReport(readFileSync(file, 'utf8'), file);
      expect(report.adapter).toMatchObject({ description: 'google swiftshader', isSoftware: true });
      expect(report.browser).toMatch(/^Chrome \d+/);
      const features =
        'navigator.gpu.requestAdapter().then((adapter) => [...adapter.features].sort())';
      expect(report.adapter.features).toEqual(await tab.evaluate(features));
      const [result] = report.results;
      expect(result?.products.map(({ shape }) => shape)).toEqual([[256, 256, 256]]);
      expect(result?.copies.map(({ megabytes }) => megabytes)).toEqual([1, 16]);
      // No CPU that computes a GPU does a thousandth of this, nor a thousand times as much.
      const rates = [bestProduct({ products: result?.products ?? [] })?.rate ?? 0];
      for (const copy of result?.copies ?? []) rates.push(copyRate(copy));
      for (const rate of rates) expect([rate > 0.01, rate < 10_000]).toEqual([true, true]);
      expect(tab.complaints).toEqual([]);
    });

    it('ends when it is cancelled, and can be started again', async () => {
      expect(await measured("document.getElementById('cancel').click()")).toBe('cancelled');
      expect(await site.shown('verdict')).toContain('Cancelled');
      const isFree = "!document.getElementById('start').disabled";
      expect(await tab.evaluate(isFree)).toBe(true);
    });

    it('says in a sentence that nothing was chosen', async () => {
      const nothing =
        "for (const id of ['products', 'copies']) document.getElementById(id).checked = false;";
      await tab.evaluate(`(() => { ${nothing} })()`);
      expect(await measured()).toBe('refused');
      expect(await site.shown('verdict')).toContain('Nothing is to be measured');
    });

    it('says in a sentence which clips of a step there cannot be', async () => {
      // A browser that checks the field itself says so first.
      await tab.evaluate("document.getElementById('choices').noValidate = true");
      await tab.evaluate("document.getElementById('tiny').checked = true");
      for (const clips of ['1', '65', '2.5']) {
        await tab.evaluate(`document.getElementById('batch').value = '${clips}'`);
        expect([clips, await measured()]).toEqual([clips, 'refused']);
        expect(await site.shown('verdict')).toContain(
          `got ${clips}, expected a whole number from 2 to 64`,
        );
      }
    });

    it('measures copies in mixed precision alone, and says what it leaves out', async () => {
      // SwiftShader has no f16: the adapter says it has, and copies need none.
      await tab.visit(`${site.url}measure.html`, F16_IN_NAME);
      expect(await tab.settled()).toBe('ready');
      const ticks = { f32: false, mixed: true, products: false, copies: true, tilings: true };
      await tab.evaluate(`for (const [id, isTicked] of Object.entries(${JSON.stringify(ticks)}))
        document.getElementById(id).checked = isTicked;`);
      expect(await measured()).toBe('measured');
      expect(await site.shown('tables')).toMatch(
        /mixed: products of f16[\s\S]*copies\s[\s\S]*\s16\s/,
      );
      expect(await site.shown('notes')).toContain('they are compared in f32');
      expect(tab.complaints).toEqual([]);
    });

    it('says what to do where there is no GPU', async () => {
      const noGpu = "Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined });";
      await tab.visit(`${site.url}measure.html`, noGpu);
      expect(await tab.settled()).toBe('unavailable');
      expect(await site.shown('verdict')).toMatch(/^This browser has no WebGPU/);
    });
  },
);

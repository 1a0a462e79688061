import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OwnServer } from '../../cli/serve/own-server.js';
import { startPageServer } from '../../cli/serve/page-server.js';
import { BrowserTab } from '../../cli/testing/browser-tab.js';
import { findChromium } from '../../cli/testing/chromium.js';
import { readAdapterReport } from '../../core/measure/adapter-report.js';
import { bestProduct, copyRate } from '../../core/measure/adapter-table.js';
import { BUILT_SITE } from '../../core/testing/built.js';
import { capable } from '../../core/testing/capability.js';

const chromium = findChromium();
const missing = typeof chromium === 'string' ? chromium : undefined;

describe.skipIf(!capable('chromium', missing))(
  'the page Measure in Chromium, on SwiftShader',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'lacuna-measure-'));
    let server: OwnServer;
    let tab: BrowserTab;
    beforeAll(async () => {
      if (typeof chromium === 'string') throw new Error(chromium);
      server = await startPageServer({ port: 0, site: BUILT_SITE });
      tab = await BrowserTab.open(chromium);
      await tab.send('Page.setDownloadBehavior', { behavior: 'allow', downloadPath: folder });
      await tab.visit(`${server.url}measure.html`);
      expect(await settled()).toBe('ready');
    });
    afterAll(async () => {
      await tab?.close();
      await server?.close();
      rmSync(folder, { recursive: true });
    });

    async function settled(): Promise<string> {
      for (;;) {
        const state = await tab.evaluate<string | null>(
          "document.getElementById('page')?.dataset.state ?? null",
        );
        if (state !== null && !['starting', 'running', 'waiting'].includes(state)) return state;
        if (tab.complaints.length > 0) throw new Error(tab.complaints.join('\n'));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }

    /** Measures products and copies of the smallest sizes; `then` is done on the page once it has begun. */
    async function measured(then = ''): Promise<string> {
      await tab.evaluate(`(() => {
      document.getElementById('page').dataset.state = 'waiting';
      document.getElementById('edge').value = '256';
      document.getElementById('start').click();
      ${then}
    })()`);
      return settled();
    }

    function shown(id: string): Promise<string> {
      return tab.evaluate(`document.getElementById('${id}').innerText`);
    }

    it('measures, shows rates and shares, and gives a report that can be read', async () => {
      expect(await measured()).toBe('measured');
      const tables = await shown('tables');
      expect(tables).toMatch(/256 x 256 x 256\s+[\d.]+\s+[\d.]+\s+100 %/);
      expect(await shown('adapter-name')).toContain('swiftshader');
      await tab.evaluate("document.getElementById('download').click()");
      const file = join(folder, 'measure.json');
      while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 50));
      const report = readAdapterReport(readFileSync(file, 'utf8'), file);
      expect(report.adapter).toMatchObject({ description: 'google swiftshader', isSoftware: true });
      expect(report.browser).toMatch(/^Chrome \d+/);
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
      expect(await shown('verdict')).toContain('Cancelled');
      const isFree = "!document.getElementById('start').disabled";
      expect(await tab.evaluate(isFree)).toBe(true);
    });

    it('says in a sentence that nothing was chosen', async () => {
      const nothing =
        "for (const id of ['products', 'copies']) document.getElementById(id).checked = false;";
      await tab.evaluate(`(() => { ${nothing} })()`);
      expect(await measured()).toBe('refused');
      expect(await shown('verdict')).toContain('Nothing is to be measured');
    });

    it('says what to do where there is no GPU', async () => {
      const noGpu = "Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined });";
      await tab.visit(`${server.url}measure.html`, noGpu);
      expect(await settled()).toBe('unavailable');
      expect(await shown('verdict')).toMatch(/^This browser has no WebGPU/);
    });
  },
);

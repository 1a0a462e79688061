import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrowserTab } from '../../cli/testing/browser-tab.js';
import { chromiumMissing, SiteInChromium } from '../../cli/testing/site-in-chromium.js';
import { CHECKS, readReport, rejudge } from '../../conformance/index.js';
import { capable } from '../../core/testing/capability.js';

/** Takes additions for subtractions in every kernel. */
const WRONG_GPU = `const own = GPUDevice.prototype.createShaderModule;
GPUDevice.prototype.createShaderModule = function (module) {
  return own.call(this, { ...module, code: module.code.replaceAll(' + ', ' - ') });
};`;
const NO_GPU = `Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined });`;
const NO_ADAPTER = 'GPU.prototype.requestAdapter = async () => null;';

describe.skipIf(!capable('chromium', chromiumMissing))(
  'the page in Chromium, on SwiftShader',
  () => {
    let site: SiteInChromium;
    let tab: BrowserTab;
    beforeAll(async () => {
      site = await SiteInChromium.open();
      ({ tab } = site);
    });
    afterAll(() => site?.close());

    /** Opens the page and waits until it has come to an end. */
    async function outcome(query: string, before?: string): Promise<string> {
      await tab.visit(`${site.url}prove.html${query}`, before);
      return tab.settled();
    }

    it('runs the checks that were asked for and shows that they pass', async () => {
      expect(await outcome('?filter=primitive/add&cases=5')).toBe('passed');
      expect(tab.complaints).toEqual([]);
      expect(await site.shown('verdict')).toMatch(
        /^Passed\. 2 of 3 checks passed \(beyond the contract: 1\)/,
      );
      const rows = (await site.shown('matrix')).split('\n').map((line) => line.split(/\s+/));
      const head = [
        'level',
        'pass',
        'fail',
        'vacuous',
        'unsupported',
        'blocked',
        'not-run',
        'checks',
      ];
      expect(rows[0]).toEqual(head);
      const left = CHECKS.length - 3;
      expect(rows.at(-1)).toEqual(['all', 2, 0, 0, 1, 0, left, CHECKS.length].map(String));
      expect(await site.shown('checks')).toContain('primitive/add/i32');
      expect(await site.shown('adapter-name')).toContain('swiftshader');
      expect(await site.shown('adapter')).toContain('f32-wgsl');
    });

    it('has a report to download, which can be judged again', async () => {
      expect(
        await outcome('?filter=primitive/neg&cases=5&fuse=off&limits=default&subgroups=off'),
      ).toBe('passed');
      for (const choice of ['one for each operation', 'those of every', 'not used']) {
        expect(await site.shown('adapter')).toContain(choice);
      }
      await tab.evaluate("document.getElementById('download').click()");
      const file = join(site.folder, 'report.json');
      while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 50));
      const report = readReport(readFileSync(file, 'utf8'), file);
      expect(report.subject).toMatchObject({ name: 'webgpu', contract: 'f32-wgsl' });
      const { judged, agrees } = rejudge(report, CHECKS);
      expect([judged >= 5, agrees]).toEqual([true, true]);
    });

    it('shows where a GPU is wrong, by how much, and how to see it again', async () => {
      expect(await outcome('?filter=primitive/add&cases=5&seed=7', WRONG_GPU)).toBe('failed');
      const failures = await site.shown('failures');
      for (const part of [
        'fail primitive/add',
        /primitive\/add:shape=/,
        /got {2}\S+/,
        /want \S+, legal from \S+ to \S+/,
        /What it holds to: .*op\.add/,
        'filter=primitive%2Fadd&cases=5&seed=7',
        "lacuna conform --backend webgpu --replay 'primitive/add:",
      ]) {
        expect(failures).toMatch(part);
      }
    });

    it('runs nothing that is in a name or an address, and asks for nothing but its own', async () => {
      const payload = `"><img src=x onerror="ran()"></script><script>ran()</script>`;
      const hostile = `globalThis.scriptsRun = 0; globalThis.ran = () => { scriptsRun += 1; };
const payload = ${JSON.stringify(payload)};
// It stays known as a GPU in software, whose kernels compile sooner.
const description = payload + ' swiftshader';
const info = { vendor: payload, architecture: payload, device: payload, description };
Object.defineProperty(GPUAdapter.prototype, 'info', { get: () => info });
Object.defineProperty(Navigator.prototype, 'userAgent', { get: () => payload });`;
      const ends = [
        ['?filter=primitive/add&cases=1&seed=7', `${hostile}\n${WRONG_GPU}`],
        [`?filter=${encodeURIComponent(payload)}`, hostile],
        [`?cases=${encodeURIComponent(payload)}`, hostile],
      ] as const;
      for (const [query, before] of ends) {
        await outcome(query, before);
        const shown = await tab.evaluate<string>('document.body.innerText');
        expect(shown).toContain('onerror="ran()"');
        expect(await tab.evaluate('scriptsRun')).toBe(0);
        expect(site.strangers).toEqual([]);
        expect(tab.complaints).toEqual([]);
      }
    });

    it('says what to do where there is no WebGPU, and what is wrong with its address', async () => {
      expect(await outcome('', NO_GPU)).toBe('unavailable');
      expect(await site.shown('verdict')).toMatch(
        /^This browser has no WebGPU.* Take a current Chrome/,
      );
      expect(await outcome('', NO_ADAPTER)).toBe('unavailable');
      expect(await site.shown('verdict')).toContain('Switch on hardware acceleration');
      expect(await outcome('?cases=many')).toBe('unavailable');
      expect(await site.shown('verdict')).toContain('got many, expected a whole number');
      expect(await outcome('?filter=primitive/sine')).toBe('unavailable');
      expect(await site.shown('verdict')).toContain('got id primitive/sine');
    });
  },
);

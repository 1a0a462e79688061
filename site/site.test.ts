import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrowserTab } from '../cli/testing/browser-tab.js';
import { chromiumMissing, SiteInChromium } from '../cli/testing/site-in-chromium.js';
import { BUILT_SITE } from '../core/testing/built.js';
import { capable } from '../core/testing/capability.js';
import { POLICY } from './frame/policy.js';
import { SITE_PAGES } from './pages.js';
import { LOOKED_AT } from './testing/looked-at.js';
import { type PlainServer, startPlainServer } from './testing/plain-server.js';

/** What a page may weigh until it can be used, compressed, in bytes. */
const LIMIT = 1_000_000;

it('has pages that can be told apart, and that state one policy', () => {
  for (const key of ['address', 'title', 'description'] as const) {
    expect(new Set(SITE_PAGES.map((page) => page[key])).size).toBe(SITE_PAGES.length);
  }
  for (const { address, title } of SITE_PAGES) {
    const text = readFileSync(join(BUILT_SITE, address), 'utf8');
    expect(text).toContain(`http-equiv="Content-Security-Policy" content="${POLICY}"`);
    expect(text).toContain(`<title>${title} | Lacuna</title>`);
    // Neither of these would be let run; nor is anything asked for by its whole address.
    expect(text).not.toMatch(/<script>|<style|\son\w+=|\sstyle=|(?:src|href)="(?:\w+:)?\/\//);
  }
  expect(POLICY).not.toMatch(/unsafe|http|\*/);
});

it.each(SITE_PAGES.map(({ address }) => address))(
  'weighs little until it can be used: %s',
  (address) => {
    const text = readFileSync(join(BUILT_SITE, address), 'utf8');
    const begin = [...text.matchAll(/(?:src|href|content)="([^"]+\.(?:js|css))"/g)].map(
      ([, name]) => name,
    );
    const files = new Set([address, ...begin.map(String)]);
    // A set goes on to what is added to it on the way: what scripts import at once, and not what they may later.
    for (const file of files) {
      const imports = readFileSync(join(BUILT_SITE, file), 'utf8').matchAll(
        /(?:from|import)"(\.[^"]+)"/g,
      );
      if (file.endsWith('.js'))
        for (const [, name = ''] of imports) files.add(join(dirname(file), name));
    }
    const bytes = [...files].map((file) => gzipSync(readFileSync(join(BUILT_SITE, file))).length);
    const weight = bytes.reduce((sum, each) => sum + each, 0);
    expect(weight).toBeLessThan(LIMIT);
    // The style alone, and whatever a page begins with, weigh something.
    expect(weight).toBeGreaterThan(2000);
  },
);

describe.skipIf(!capable('chromium', chromiumMissing))('the site in Chromium', () => {
  let site: SiteInChromium;
  let plain: PlainServer;
  let stranger: PlainServer;
  let tab: BrowserTab;
  beforeAll(async () => {
    site = await SiteInChromium.open();
    ({ tab } = site);
    plain = await startPlainServer(BUILT_SITE);
    stranger = await startPlainServer(BUILT_SITE);
  });
  afterAll(async () => {
    await site?.close();
    await plain?.close();
    await stranger?.close();
  });

  /** Waits until the page of an address, or the one that is shown, can be used. */
  async function usable(address = ''): Promise<void> {
    await tab.settled(address, ['starting']);
    await tab.loaded();
  }

  it('is walked through by its links: nothing is asked of others, and nothing goes wrong', async () => {
    await tab.visit(site.url);
    await usable();
    for (const { address, title } of [...SITE_PAGES, ...SITE_PAGES.slice(0, 1)]) {
      await tab.evaluate(`document.querySelector('nav a[href="${address}"]').click()`);
      await usable(`/${address}`);
      const current = "document.querySelector('nav [aria-current=page]').innerText";
      expect(await tab.evaluate(current)).toBe(title);
      expect([address, tab.complaints, site.strangers]).toEqual([address, [], []]);
    }
    expect(tab.requests.length).toBeGreaterThan(SITE_PAGES.length);
  });

  it.each(SITE_PAGES.map(({ address }) => address))(
    'can be read, reached and operated in both themes and on a phone: %s',
    async (address) => {
      await tab.visit(`${site.url}${address}`);
      await usable();
      for (const theme of ['light', 'dark']) {
        const features = [{ name: 'prefers-color-scheme', value: theme }];
        await tab.send('Emulation.setEmulatedMedia', { features });
        expect([theme, await tab.evaluate(LOOKED_AT)]).toEqual([theme, []]);
      }
      const phone = { width: 360, height: 740, deviceScaleFactor: 1, mobile: true };
      await tab.send('Emulation.setDeviceMetricsOverride', phone);
      const wide = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect(await tab.evaluate(wide)).toBe(0);
      await tab.send('Emulation.clearDeviceMetricsOverride');
      expect(tab.complaints).toEqual([]);
    },
  );

  it('says on its first page where there is no WebGPU, and how to switch it on', async () => {
    const absent = "Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined });";
    await tab.visit(site.url, absent);
    await usable();
    const verdict = "document.getElementById('verdict').innerText";
    expect(await tab.evaluate(verdict)).toMatch(/has no WebGPU.*chrome:\/\/flags/);
    await tab.visit(site.url);
    await usable();
    expect(await tab.evaluate("document.getElementById('verdict').hidden")).toBe(true);
  });

  it('lets the keyboard skip the navigation', async () => {
    await tab.visit(site.url);
    await usable();
    const press = async (key: string, code: number): Promise<void> => {
      const event = {
        key,
        code: key,
        windowsVirtualKeyCode: code,
        text: key === 'Enter' ? '\r' : '',
      };
      await tab.send('Input.dispatchKeyEvent', { type: 'keyDown', ...event });
      await tab.send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
    };
    await press('Tab', 9);
    expect(await tab.evaluate('document.activeElement.className')).toBe('skip');
    await press('Enter', 13);
    expect(await tab.evaluate('document.activeElement.id')).toBe('page');
    await press('Tab', 9);
    const inMain = "document.getElementById('page').contains(document.activeElement)";
    expect(await tab.evaluate(inMain)).toBe(true);
  });

  it.each(SITE_PAGES.map(({ address }) => address))(
    'keeps to its policy where a plain server has the folder: %s',
    async (address) => {
      await tab.visit(`${plain.url}${address}`);
      await usable();
      // The worker of the page before may complain a moment later.
      const complaints = tab.complaints.filter((text) => !text.includes(stranger.url));
      expect(complaints).toEqual([]);
      const refused = await tab.evaluate<string[]>(`(async () => {
        const seen = [];
        addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective));
        await fetch('${stranger.url}').catch(() => {});
        new Image().src = '${stranger.url}style.css';
        const script = document.createElement('script');
        script.textContent = 'globalThis.ran = true';
        document.head.append(script);
        const text = "fetch('${stranger.url}').catch(() => {}).then(() => postMessage('asked'))";
        const begin = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
        const worker = new Worker(begin, { type: 'module' });
        await new Promise((resolve) => { worker.onmessage = resolve; });
        const form = document.createElement('form');
        form.action = '${stranger.url}';
        document.body.append(form);
        form.submit();
        try { (0, eval)('globalThis.ran = true'); } catch {}
        // Where a form may go is judged as it goes, a moment later.
        for (let i = 0; i < 100 && seen.length < 5; i++) {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        if (globalThis.ran) seen.push('ran');
        return seen;
      })()`);
      expect(refused.sort()).toEqual([
        'connect-src',
        'form-action',
        'img-src',
        'script-src',
        'script-src-elem',
      ]);
      expect(stranger.asked).toEqual([]);
    },
  );
});

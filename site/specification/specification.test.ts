import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrowserTab } from '../../cli/testing/browser-tab.js';
import { chromiumMissing, SiteInChromium } from '../../cli/testing/site-in-chromium.js';
import { CHECKS } from '../../conformance/checks.js';
import { capable } from '../../core/testing/capability.js';
import { CLAUSES } from '../../spec/clauses/index.js';
import { SPECIFICATION_PAGE } from './page.js';

it('has every clause, and what it stands on, to go to', () => {
  const { text } = SPECIFICATION_PAGE.body;
  for (const { id, formula } of CLAUSES) {
    expect(text).toContain(`<article class="clause" id="${id}"`);
    if (formula !== undefined) expect(text).toContain('<pre class="formula">');
  }
  const formulas = CLAUSES.filter(({ formula }) => formula !== undefined);
  expect(text.match(/class="formula"/g)).toHaveLength(formulas.length);
  const anchors = new Set([...text.matchAll(/id="([^"]+)"/g)].map(([, id]) => id));
  for (const [, id] of text.matchAll(/href="#([^"]+)"/g))
    expect([id, anchors.has(id)]).toEqual([id, true]);
  const run = CLAUSES.filter(({ id }) => CHECKS.some(({ clauses }) => clauses.includes(id)));
  expect(text.match(/href="prove\.html\?clause=/g)).toHaveLength(run.length);
});

describe.skipIf(!capable('chromium', chromiumMissing))('the specification in Chromium', () => {
  let site: SiteInChromium;
  let tab: BrowserTab;
  beforeAll(async () => {
    site = await SiteInChromium.open();
    ({ tab } = site);
  });
  afterAll(() => site?.close());

  const shown = (): Promise<string[]> =>
    tab.evaluate(
      "[...document.querySelectorAll('.clause:not([hidden]) h3')].map((e) => e.innerText)",
    );

  it('is searched as one types', async () => {
    await tab.visit(`${site.url}specification.html`);
    await tab.settled('specification.html');
    expect(await shown()).toHaveLength(CLAUSES.length);
    await tab.evaluate("document.getElementById('words').focus()");
    await tab.send('Input.insertText', { text: 'softmax gradient' });
    const found = await shown();
    expect(found).toContain('op.softmax.gradient');
    expect(found).not.toContain('op.add');
    const said = await tab.evaluate("document.getElementById('count').innerText");
    expect(said).toBe(`${found.length} of ${CLAUSES.length} clauses`);
    // Words of buttons and notes are no words of a clause.
    for (const words of ['no such clause', 'on your GPU', 'lacuna conform --port']) {
      const query = new URLSearchParams({ words });
      await tab.visit(`${site.url}specification.html?${query}`);
      await tab.settled('specification.html');
      expect([words, await shown()]).toEqual([words, []]);
    }
  });

  it("runs a clause's checks on the GPU, and shows what came of them beside it", async () => {
    await tab.visit(`${site.url}specification.html#op.not`);
    await tab.settled('specification.html');
    await tab.evaluate("document.getElementById('op.not').querySelector('a.button').click()");
    expect(await tab.settled('prove.html')).toBe('passed');
    const held = CHECKS.filter(({ clauses }) => clauses.includes('op.not'));
    const verdict = await tab.evaluate<string>("document.getElementById('verdict').innerText");
    expect(verdict).toContain(`Passed. ${held.length} of ${held.length} check`);
    expect(await tab.evaluate("document.getElementById('clause').value")).toBe('op.not');

    await tab.evaluate(`document.querySelector('nav a[href="specification.html"]').click()`);
    await tab.settled('specification.html');
    const beside = await tab.evaluate<string[]>(
      "[...document.querySelectorAll('#op\\\\.not .held li')].map((e) => e.innerText)",
    );
    for (const { id } of held) expect(beside).toContain(`${id} pass`);
    expect(await tab.evaluate("document.getElementById('kept').innerText")).toContain(
      'swiftshader',
    );

    await tab.visit(`${site.url}prove.html?clause=op.not&cases=2`);
    expect(await tab.settled()).toBe('passed');
    await tab.visit(`${site.url}specification.html`);
    await tab.settled();
    expect(await tab.evaluate("document.getElementById('kept').innerText")).toMatch(
      /swiftshader.*, with cases 2\.$/,
    );
    expect(tab.complaints).toEqual([]);
  });

  it('can be read without its script', async () => {
    await tab.send('Emulation.setScriptExecutionDisabled', { value: true });
    try {
      await tab.visit(`${site.url}specification.html`);
      // No timer of the page's own runs.
      const read = "document.readyState === 'complete' && document.title.startsWith('Spec')";
      while (!(await tab.evaluate<boolean>(read).catch(() => false))) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const visible =
        "[...document.querySelectorAll('.clause')].filter((e) => e.checkVisibility()).length";
      expect(await tab.evaluate(visible)).toBe(CLAUSES.length);
    } finally {
      await tab.send('Emulation.setScriptExecutionDisabled', { value: false });
    }
  });

  it('shows no verdicts where the tab remembers something else', async () => {
    for (const text of [
      '{',
      '[]',
      '{"device":1,"verdicts":{}}',
      '{"device":"x","verdicts":[["primitive/not","pass"]]}',
      '{"device":"x","choices":"","verdicts":[["primitive/not","<b>"],1]}',
    ]) {
      await tab.visit(
        `${site.url}specification.html`,
        `sessionStorage.setItem('lacuna verdicts', ${JSON.stringify(text)})`,
      );
      await tab.settled('specification.html');
      expect(await tab.evaluate("document.getElementById('kept').hidden")).toBe(true);
    }
  });
});

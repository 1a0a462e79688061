import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPageServer } from '../serve/page-server.js';
import { BrowserTab } from './browser-tab.js';
import { findChromium } from './chromium.js';

/** What `npm run site` has written. */
const SITE = join(import.meta.dirname, '..', '..', 'dist', 'site');

/** Trains on the site's page in headless Chromium, on its GPU in software, as a visitor would. */
const HELP = `Trains the demo on the site's page in headless Chromium, on SwiftShader, and tells what it learned,
what memory it took, and whether anything was asked of another origin.

  npx tsx cli/testing/train-in-tab.ts                                    the demo
  npx tsx cli/testing/train-in-tab.ts --query 'steps=1000&model=small&batch=4&clips=64&heldOut=4&every=500'
                                                                     1,000 steps of the small model: is memory flat?
  npx tsx cli/testing/train-in-tab.ts --out run.tar                      keeps the run
`;

/** What the page tells of itself. */
interface Seen {
  readonly state: string;
  readonly verdict: string;
  readonly progress: string;
  readonly memory: string;
  readonly facts: string;
}

const SEEN = `(() => {
  const text = (id) => document.getElementById(id).innerText;
  const { state, memory = '' } = document.getElementById('page').dataset;
  return { state, memory, verdict: text('verdict'), progress: text('progress-text'), facts: text('facts') };
})()`;
const BUSY = new Set(['ready', 'preparing', 'training', 'pausing']);

async function main(query: string, out: string | undefined): Promise<void> {
  const chromium = findChromium();
  if (typeof chromium === 'string') throw new Error(chromium);
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-tab-'));
  const server = await startPageServer({ port: 0, site: SITE });
  const tab = await BrowserTab.open(chromium);
  try {
    await tab.visit(`${server.url}train.html?${query}`);
    await tab.loaded();
    const begin = performance.now();
    const seconds = (): string => ((performance.now() - begin) / 1000).toFixed(0).padStart(5);
    const seen = (): Promise<Seen> => tab.evaluate<Seen>(SEEN);
    while ((await seen()).state === 'starting') await pause(100);
    await tab.evaluate("document.getElementById('start').click()");
    let last = await seen();
    for (let told = ''; BUSY.has(last.state); last = await seen()) {
      await pause(1000);
      const heaps = await Promise.all(
        [undefined, ...tab.workers].map((session) => heapOf(tab, session)),
      );
      const [progress = ''] = last.progress.split(',');
      const r1 = /R@1, text to video\s+(\S+ ?%?)/.exec(last.facts)?.[1] ?? '';
      const line = `${progress}  R@1 ${r1}  ${last.memory}`;
      if (line !== told)
        console.log(
          `${seconds()} s  ${line}  heap of page and worker ${heaps.map(mebibytes).join(', ')}`,
        );
      told = line;
    }
    console.log(`${seconds()} s  ${last.state}: ${last.verdict}`);
    console.log(last.facts.replaceAll('\n', '  '));
    const strangers = tab.requests.filter(
      (url) => !url.startsWith(server.url) && !url.startsWith('blob:'),
    );
    console.log(
      `${strangers.length} requests to other origins, ${tab.complaints.length} errors in the console`,
    );
    if (out !== undefined) await keep(tab, out, folder);
    if (last.state !== 'finished') process.exitCode = 1;
  } finally {
    await tab.close();
    await server.close();
    rmSync(folder, { recursive: true });
  }
}

async function keep(tab: BrowserTab, out: string, folder: string): Promise<void> {
  await tab.send('Page.setDownloadBehavior', { behavior: 'allow', downloadPath: folder });
  await tab.evaluate("document.getElementById('download').click()");
  const file = join(folder, 'demo-in-browser.tar');
  while (!existsSync(file)) await pause(100);
  copyFileSync(file, out);
}

/** Bytes of JavaScript in use after a collection, of the page or of its worker. */
async function heapOf(tab: BrowserTab, session?: string): Promise<number> {
  await tab.send('HeapProfiler.collectGarbage', {}, session);
  const { usedSize } = await tab.send<{ readonly usedSize: number }>(
    'Runtime.getHeapUsage',
    {},
    session,
  );
  return usedSize;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const { values } = parseArgs({
  options: {
    query: { type: 'string', default: '' },
    out: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help === true) console.log(HELP);
else await main(values.query, values.out);

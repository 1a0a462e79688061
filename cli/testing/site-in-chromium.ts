import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILT_SITE } from '../../core/testing/built.js';
import type { OwnServer } from '../serve/own-server.js';
import { startPageServer } from '../serve/page-server.js';
import { BrowserTab } from './browser-tab.js';
import { findChromium } from './chromium.js';

const chromium = findChromium();

/** Why there is no Chromium; undefined where it is there. */
export const chromiumMissing: string | undefined =
  typeof chromium === 'string' ? chromium : undefined;

/** The built site, served to a tab of headless Chromium, whose downloads fall into a folder. */
export class SiteInChromium {
  readonly tab: BrowserTab;
  /** Of this test alone, for whatever it needs. */
  readonly folder: string;
  readonly #server: OwnServer;

  private constructor(tab: BrowserTab, server: OwnServer, folder: string) {
    this.tab = tab;
    this.#server = server;
    this.folder = folder;
  }

  static async open(): Promise<SiteInChromium> {
    if (typeof chromium === 'string') throw new Error(chromium);
    const folder = mkdtempSync(join(tmpdir(), 'lacuna-site-'));
    const server = await startPageServer({ port: 0, site: BUILT_SITE });
    const tab = await BrowserTab.open(chromium);
    await tab.send('Page.setDownloadBehavior', { behavior: 'allow', downloadPath: folder });
    return new SiteInChromium(tab, server, folder);
  }

  /** The address of the site, with a slash at its end. */
  get url(): string {
    return this.#server.url;
  }

  /** The text of an element, as it is shown. */
  shown(id: string): Promise<string> {
    return this.tab.evaluate(`document.getElementById('${id}').innerText`);
  }

  /** What the page asked of others than the site, and than itself. */
  get strangers(): readonly string[] {
    return this.tab.requests.filter((url) => !url.startsWith(this.url) && !url.startsWith('blob:'));
  }

  async close(): Promise<void> {
    await this.tab.close();
    await this.#server.close();
    rmSync(this.folder, { recursive: true });
  }
}

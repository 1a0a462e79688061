import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SiteInChromium } from './site-in-chromium.js';

/** The page of the site that trains, in headless Chromium, and what a person does on it. */
export class TrainPage {
  readonly site: SiteInChromium;

  private constructor(site: SiteInChromium) {
    this.site = site;
  }

  static async open(): Promise<TrainPage> {
    return new TrainPage(await SiteInChromium.open());
  }

  close(): Promise<void> {
    return this.site.close();
  }

  /** @param before A script that runs in the page before all others. */
  async visit(query: string, before?: string): Promise<void> {
    const { tab, url } = this.site;
    await tab.visit(`${url}train.html?${query}`, before);
    await tab.loaded();
  }

  click(id: string): Promise<void> {
    return this.site.tab.evaluate(`document.getElementById('${id}').click()`);
  }

  /** Chooses a file, as if by the dialogue. */
  async pick(path: string): Promise<void> {
    const { tab } = this.site;
    const { result } = await tab.send<{ readonly result: { readonly objectId: string } }>(
      'Runtime.evaluate',
      { expression: "document.getElementById('file')" },
    );
    await tab.send('DOM.setFileInputFiles', { files: [path], objectId: result.objectId });
  }

  /** What the page is doing: its `data-state`. */
  state(): Promise<string> {
    return this.site.tab.evaluate<string>("document.getElementById('page').dataset.state");
  }

  async stepsDone(): Promise<number> {
    return Number.parseInt((await this.site.shown('progress-text')) || '0', 10);
  }

  /** Waits until the page is in one of these states. @throws Error with its verdict where it fails. */
  async until(...states: readonly string[]): Promise<string> {
    for (;;) {
      const state = await this.state();
      if (states.includes(state)) return state;
      const { complaints } = this.site.tab;
      if (['failed', 'broken', 'unavailable'].includes(state) || complaints.length > 0)
        throw new Error(`${state}: ${await this.site.shown('verdict')}\n${complaints.join('\n')}`);
      await moment();
    }
  }

  /** Goes on after a failure, and waits until that is no longer shown. */
  async goOn(): Promise<void> {
    await this.click('go-on');
    while ((await this.state()) === 'failed') await moment();
  }

  /** Downloads the run and unpacks it into a folder of this name, as a person does. Returns the run folder. */
  async downloaded(name: string): Promise<string> {
    const { folder } = this.site;
    const tar = join(folder, 'demo-in-browser.tar');
    rmSync(tar, { force: true });
    await this.click('download');
    while (!existsSync(tar)) await moment();
    mkdirSync(join(folder, name));
    execFileSync('tar', ['-xf', tar, '-C', join(folder, name)]);
    return join(folder, name, 'demo-in-browser', 'run');
  }
}

/** A short while, after which a page may have gone on. */
export function moment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}

import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { type PageFiles, pageHtml } from '../../site/frame/page-html.js';
import { FRAME_STYLE } from '../../site/frame/style.js';
import type { SitePage } from '../../site/page.js';
import { forBrowsers } from './for-browsers.js';

/** The root of the project. */
export const ROOT: string = join(import.meta.dirname, '..', '..');

/**
 * Writes the site: a file of HTML a page, `style.css`, and the scripts, put together so that what
 * several share is loaded once. Names of scripts have a hash of what is in them, so that a cache never mixes two
 * versions.
 *
 * @param out The folder; what is in it is replaced.
 * @throws Error of esbuild where a script cannot be put together: it names the module and who imports it.
 */
export async function buildSite(pages: readonly SitePage[], out: string): Promise<void> {
  // Readers of the folder see the old site or the new one, and none that is half there.
  const building = `${out}.building`;
  await rm(building, { recursive: true, force: true });
  await mkdir(building, { recursive: true });
  const scripts = await bundle(pages, building);
  const style = [FRAME_STYLE, ...pages.map((page) => page.style ?? '')].join('');
  await writeFile(join(building, 'style.css'), style);
  for (const page of pages) {
    const files: PageFiles = {
      style: 'style.css',
      ...(page.entry === undefined ? {} : { script: scripts(page.entry) }),
      workers: new Map((page.workers ?? []).map((module) => [module, scripts(module)])),
    };
    await writeFile(join(building, page.address), pageHtml(page, pages, files));
  }
  await rm(out, { recursive: true, force: true });
  await mkdir(dirname(out), { recursive: true });
  await rename(building, out);
}

/** Puts the scripts of the pages together. Gives the address of a module's bundle. */
async function bundle(
  pages: readonly SitePage[],
  folder: string,
): Promise<(module: string) => string> {
  const modules = pages.flatMap(({ entry, workers = [] }) =>
    entry === undefined ? workers : [entry, ...workers],
  );
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [...new Set(modules)],
    outdir: folder,
    outbase: 'site',
    entryNames: '[dir]/[name]-[hash]',
    chunkNames: 'shared/[hash]',
    bundle: true,
    splitting: true,
    minify: true,
    metafile: true,
    // What sources take for granted in Node; pages that do not use it have none of it.
    inject: ['site/node/globals.ts'],
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    // Licences of packages that want theirs kept.
    legalComments: 'linked',
    logLevel: 'silent',
    plugins: [forBrowsers(ROOT)],
  });
  const addresses = addressesOf(metafile, folder);
  return (module) => {
    const address = addresses.get(module);
    if (address === undefined) throw new Error(`no script was made of ${module}`);
    return address;
  };
}

/** The script that each entry became, relative to the site's folder. */
function addressesOf({ outputs }: Metafile, folder: string): ReadonlyMap<string, string> {
  const made = Object.entries(outputs).flatMap(([path, { entryPoint }]) =>
    entryPoint === undefined ? [] : [[entryPoint, relative(folder, join(ROOT, path))] as const],
  );
  return new Map(made);
}

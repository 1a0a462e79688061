import { type Dirent, existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { shorten } from '../../core/shorten.js';
import { type PageFiles, pageHtml } from '../../site/frame/page-html.js';
import { FRAME_STYLE } from '../../site/frame/style.js';
import type { SitePage } from '../../site/page.js';
import { LacunaError } from '../../spec/errors.js';
import { forBrowsers } from './for-browsers.js';

/** The root of the project. */
export const ROOT: string = join(import.meta.dirname, '..', '..');

/**
 * Writes the site: a file of HTML a page, `style.css`, and the scripts, put together so that what
 * several share is loaded once. Names of scripts have a hash of what is in them, so that a cache never mixes two
 * versions.
 *
 * @param out The folder; a site that is in it is replaced.
 * @throws LacunaError where something else is in the folder.
 * @throws Error of esbuild where a script cannot be put together: it names the module and who imports it.
 */
export async function buildSite(pages: readonly SitePage[], out: string): Promise<void> {
  requireReplaceable(out);
  // Readers of the folder see the old site or the new one, and none that is half there.
  const building = `${out}.${process.pid}`;
  await mkdir(building, { recursive: true });
  try {
    await writeSite(pages, building);
    await swap(building, out);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

/** Puts a folder in another one's place, which is removed once it is no longer needed. */
async function swap(building: string, out: string): Promise<void> {
  const old = `${out}.${process.pid}.old`;
  const isThere = existsSync(out);
  if (isThere) await rename(out, old);
  try {
    await rename(building, out);
  } catch (error) {
    if (isThere) await rename(old, out);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}

/** Writes all files into a folder that is there and empty. */
async function writeSite(pages: readonly SitePage[], folder: string): Promise<void> {
  const { scripts, packages } = await bundle(pages, folder);
  const style = [FRAME_STYLE, ...pages.map((page) => page.style ?? '')].join('');
  await writeFile(join(folder, 'style.css'), style);
  await writeFile(join(folder, 'licenses.txt'), licencesOf(packages));
  for (const page of pages) {
    const files: PageFiles = {
      style: 'style.css',
      ...(page.entry === undefined ? {} : { script: scripts(page.entry) }),
      workers: new Map((page.workers ?? []).map((module) => [module, scripts(module)])),
    };
    await writeFile(join(folder, page.address), pageHtml(page, pages, files));
  }
}

/** A folder that was named by mistake keeps what it has. */
function requireReplaceable(out: string): void {
  if (!existsSync(out)) return;
  const entries = readdirSync(out, { withFileTypes: true });
  const foreign = entries.find((entry) => !isOfSite(out, entry));
  const hasPages = entries.some(({ name }) => name === 'index.html');
  if (entries.length === 0 || (hasPages && foreign === undefined)) return;
  throw new LacunaError({
    where: out,
    what: 'the folder is neither empty nor a site alone, and nothing but a site is replaced',
    got: shorten(foreign?.name ?? 'no index.html'),
    expected: 'the pages, style.css, licenses.txt and folders of scripts that a build writes',
    fix: 'Name another folder with --out, or empty this one.',
  });
}

/** Whether a build may have written an entry of a site's folder: a page, one of its files, a folder of scripts alone. */
function isOfSite(out: string, entry: Dirent): boolean {
  const path = join(out, entry.name);
  if (entry.isDirectory()) return hasScriptsAlone(path);
  if (!entry.isFile()) return false;
  if (['style.css', 'licenses.txt'].includes(entry.name)) return true;
  return entry.name.endsWith('.html') && readFileSync(path, 'utf8').includes('| Lacuna</title>');
}

/** The name of a script that a build writes, which ends in a hash. */
const SCRIPT = /^(?:[\w.-]+-)?[A-Z0-9]{8}\.js$/;

function hasScriptsAlone(folder: string): boolean {
  const entries = readdirSync(folder, { withFileTypes: true });
  const isOurs = (entry: Dirent): boolean =>
    entry.isDirectory() ? hasScriptsAlone(join(folder, entry.name)) : SCRIPT.test(entry.name);
  return entries.length > 0 && entries.every(isOurs);
}

/** What the scripts of the pages became. */
interface Bundles {
  /** The address of a module's bundle. */
  readonly scripts: (module: string) => string;
  /** The folders of the packages that are in them. */
  readonly packages: readonly string[];
}

/** Puts the scripts of the pages together. */
async function bundle(pages: readonly SitePage[], folder: string): Promise<Bundles> {
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
    // All licences are in one file.
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [forBrowsers(ROOT)],
  });
  const addresses = addressesOf(metafile, folder);
  const scripts = (module: string): string => {
    const address = addresses.get(module);
    if (address === undefined) throw new Error(`no script was made of ${module}`);
    return address;
  };
  const packages = Object.keys(metafile.inputs).flatMap((path) => {
    const [own] = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(join(ROOT, path)) ?? [];
    return own === undefined ? [] : [own];
  });
  return { scripts, packages: [...new Set(packages)].sort() };
}

/** The licence of the project, and those of the packages that a visitor is sent with it. */
function licencesOf(packages: readonly string[]): string {
  const texts = packages.map((folder) => {
    const manifest = readFileSync(join(folder, 'package.json'), 'utf8');
    const { name, version, license } = JSON.parse(manifest) as Readonly<Record<string, string>>;
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    // Some name theirs, and leave its text to be known.
    const text = file === undefined ? license : readFileSync(join(folder, file), 'utf8');
    if (text === undefined) throw new Error(`${name} does not say under which licence it is`);
    return `${name} ${version}\n\n${text.trim()}\n`;
  });
  const own = `Lacuna\n\n${readFileSync(join(ROOT, 'LICENSE'), 'utf8').trim()}\n`;
  return [own, ...texts].join(`\n${'-'.repeat(72)}\n\n`);
}

/** The script that each entry became, relative to the site's folder. */
function addressesOf({ outputs }: Metafile, folder: string): ReadonlyMap<string, string> {
  const made = Object.entries(outputs).flatMap(([path, { entryPoint }]) =>
    entryPoint === undefined ? [] : [[entryPoint, relative(folder, join(ROOT, path))] as const],
  );
  return new Map(made);
}

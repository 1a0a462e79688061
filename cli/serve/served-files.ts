import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FROZEN_FILES } from '../../conformance/vectors/frozen-files.js';
import { LacunaError } from '../../spec/errors.js';
import { type InstalledPackage, installedPackage } from './packages.js';
import { pageText } from './page-html.js';
import { PAGE_STYLE } from './page-style.js';

/** One address of the server. */
export interface ServedFile {
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly read: () => Promise<string | Buffer>;
}

/** The layers that the page's modules are of, below the folder of the compiled sources. */
const LAYERS = [
  'spec',
  'core',
  'protocol',
  'reference',
  'conformance',
  'backends/webgpu',
  'cli/page',
];
/** What they use beside these. */
const FILES = ['cli/progress-line.js', 'cli/html.js'];
const ENTRY = 'cli/page/conformance-page.js';

/** The folder of the compiled sources that this file is of. */
const COMPILED: string = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Everything that is served, by its path. The list is made once, of plain files with names ending
 * in `.js`: a request is looked up in it and never becomes a path on the disk.
 *
 * @param compiled The folder of the compiled sources.
 */
export function servedFiles(compiled: string = COMPILED): ReadonlyMap<string, ServedFile> {
  if (!existsSync(join(compiled, ENTRY))) {
    throw new LacunaError({
      where: 'lacuna serve',
      what: 'browsers run the compiled modules, and they are not there',
      got: compiled,
      fix: 'npm run build, then node dist/cli/main.js serve',
    });
  }
  const files = new Map<string, ServedFile>();
  for (const layer of LAYERS) addModules(files, `/modules/${layer}`, join(compiled, layer));
  for (const file of FILES) files.set(`/modules/${file}`, moduleFile(join(compiled, file)));
  // In a browser the frozen vectors are in the module: there is no folder to read.
  const frozen = `export const FROZEN_FILES = ${JSON.stringify(FROZEN_FILES)};\n`;
  files.set('/modules/conformance/vectors/frozen-files.js', text('text/javascript', frozen));

  const imports: Record<string, string> = {};
  for (const { name, folder, modules } of packages()) {
    addModules(files, `/packages/${name}`, folder);
    for (const [specifier, file] of modules) imports[specifier] = `/packages/${name}/${file}`;
  }
  const { html, policy } = pageText(imports, `/modules/${ENTRY}`);
  files.set('/', text('text/html', html, { 'Content-Security-Policy': policy }));
  files.set('/style.css', text('text/css', PAGE_STYLE));
  return files;
}

/** What the suite imports, and what that imports. */
function packages(): readonly InstalledPackage[] {
  const here = fileURLToPath(import.meta.url);
  const properties = installedPackage('fast-check', here);
  const random = installedPackage('pure-rand', join(properties.folder, 'package.json'));
  return [properties, random, installedPackage('zod', here)];
}

function addModules(files: Map<string, ServedFile>, address: string, folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const [name, path] = [`${address}/${entry.name}`, join(folder, entry.name)];
    if (entry.isDirectory() && entry.name !== 'node_modules') addModules(files, name, path);
    // A symbolic link is no file here.
    if (entry.isFile() && entry.name.endsWith('.js')) files.set(name, moduleFile(path));
  }
}

function moduleFile(path: string): ServedFile {
  return { type: 'text/javascript', read: () => readFile(path) };
}

function text(type: string, content: string, headers: Record<string, string> = {}): ServedFile {
  return { type, headers, read: async () => content };
}

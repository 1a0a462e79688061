/** Hooks for Node's loader of modules: a file `ROOT/name.ts` is read from `BUILT/name.js`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

let root = '';
let built = '';

export function initialize(folders) {
  ({ root, built } = folders);
}

/** Sources name each other by what is built of them. */
export function resolve(specifier, context, next) {
  const { parentURL = '' } = context;
  if (!/^\.\.?\/.*\.js$/.test(specifier) || !isSource(parentURL)) return next(specifier, context);
  const { href } = new URL(specifier.replace(/js$/, 'ts'), parentURL);
  return { url: href, format: 'module', shortCircuit: true };
}

export async function load(url, context, next) {
  if (!isSource(url)) return next(url, context);
  const name = fileURLToPath(url).slice(fileURLToPath(root).length);
  const source = await readFile(join(built, name.replace(/ts$/, 'js')));
  return { format: 'module', shortCircuit: true, source };
}

function isSource(url) {
  return url.startsWith(root) && url.endsWith('.ts') && !url.includes('/node_modules/');
}

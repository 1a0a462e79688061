import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LacunaError } from '../../spec/errors.js';

/** One address of the server. */
export interface ServedFile {
  readonly type: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** The site of the build that this file is of; `npm run site` writes it. */
const SITE: string = fileURLToPath(new URL('../../site/', import.meta.url));

/** Files by how their names end; the server knows no others. */
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  css: 'text/css',
  js: 'text/javascript',
  txt: 'text/plain',
};

/**
 * Everything that is served, by its path. The list is made once, of the plain files of the site: a request is
 * looked up in it and never becomes a path on the disk.
 *
 * @param site The folder of the site. @defaultValue that of the build
 * @throws LacunaError where there is no site.
 */
export function servedFiles(site: string = SITE): ReadonlyMap<string, ServedFile> {
  const files = new Map<string, ServedFile>();
  for (const name of filesOf(site)) {
    const type = TYPES[/\.([a-z]+)$/.exec(name)?.[1] ?? ''];
    if (type === undefined) continue;
    const body = readFileSync(join(site, name));
    files.set(`/${name.split(sep).join('/')}`, { type, body, headers: headersOf(type, body) });
  }
  const first = files.get('/index.html');
  if (first === undefined) {
    throw new LacunaError({
      where: 'lacuna serve',
      what: 'the site is a part of the build, and it is not there',
      got: site,
      expected: 'a folder with index.html',
      fix: 'npm run build, then node dist/cli/main.js serve',
    });
  }
  return files.set('/', first);
}

/** The plain files below a folder, by their names in it: a symbolic link is no file here. */
function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, sep).length));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** A page is let do what it says itself that it does, and is shown in no frame: that a page cannot say. */
function headersOf(type: string, body: Buffer): Readonly<Record<string, string>> {
  if (type !== 'text/html') return {};
  const [, own] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(`${body}`) ?? [];
  return {
    'Content-Security-Policy': `${own ?? "default-src 'none'"}; frame-ancestors 'none'`,
  };
}

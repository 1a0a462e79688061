import { join } from 'node:path';

/** The folder of the sources as JavaScript, at the depth of the build; `scripts/transpile.ts` writes it before the tests. */
export const BUILT: string = join(import.meta.dirname, '..', '..', '.built');

/** The file that a module became, for a process or a thread of its own: `built('cli/main.ts')`. */
export function built(module: string): string {
  return join(BUILT, module.replace(/\.ts$/, '.js'));
}

/** The site, as `npm run site` would write it; `scripts/transpile.ts` does before the tests. */
export const BUILT_SITE: string = join(BUILT, 'site');

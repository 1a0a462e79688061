import { register } from 'node:module';
import process from 'node:process';

/**
 * Lets Node load the sources that `vitest.config.ts` leaves to it, as the JavaScript that `transpile.ts` has made
 * of them: as modules of Vitest each use of an import is a call, which cost a quarter of the time of all
 * that computes in loops.
 */
const worker: { loadsSources?: true } = globalThis;
if (worker.loadsSources === undefined) {
  worker.loadsSources = true;
  // Where an error comes from is told by the lines of the sources.
  process.setSourceMapsEnabled(true);
  const root = new URL('..', import.meta.url).href;
  const { LACUNA_BUILT: built = '' } = process.env;
  register('./source-hooks.mjs', { parentURL: import.meta.url, data: { root, built } });
}

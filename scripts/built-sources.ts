import { register } from 'node:module';
import process from 'node:process';

/**
 * Lets Node load the sources that `vitest.config.ts` leaves to it, as the JavaScript that `transpile.ts` has made
 * of them: as modules of Vitest each use of an import is a call, which cost a quarter of the time of all
 * that computes in loops.
 */
const DONE = 'lacunaLoadsSources';
// Setup files run before each file of tests, and Node takes hooks once for all.
if (!Reflect.has(globalThis, DONE)) {
  Reflect.set(globalThis, DONE, true);
  // Where an error comes from is told by the lines of the sources.
  process.setSourceMapsEnabled(true);
  const root = new URL('..', import.meta.url).href;
  const { LACUNA_BUILT: built = '' } = process.env;
  register('./source-hooks.mjs', { parentURL: import.meta.url, data: { root, built } });
}

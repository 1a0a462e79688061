import { register } from 'tsx/esm/api';

/**
 * Lets Node itself load the sources that `vitest.config.ts` leaves to it, through `tsx`: as modules of Vitest
 * each use of an import is a call, which cost a quarter of the time of all that computes in loops.
 */
const worker: { readsTypeScript?: true } = globalThis;
if (worker.readsTypeScript === undefined) {
  worker.readsTypeScript = true;
  register();
}

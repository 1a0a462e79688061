import { Buffer } from 'buffer/index.js';
import { BROWSER, browserName } from '../frame/browser.js';
import { cwd } from './working-folder.js';

export { Buffer };

/** What sources that run in Node and here ask of the process. */
export const process = {
  arch: 'wasm',
  argv: [] as readonly string[],
  cwd,
  env: {} as Readonly<Record<string, string | undefined>>,
  pid: 1,
  platform: 'browser',
  /** What runs the programs, as a run's manifest tells it. */
  version: browserName(BROWSER.navigator.userAgent),
  versions: {} as Readonly<Record<string, string | undefined>>,
  /** Process 1, this one, is the only one there is. */
  kill: (): never => {
    throw Object.assign(new Error('there is no such process'), { code: 'ESRCH' });
  },
} as const;

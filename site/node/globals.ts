import { Buffer } from 'buffer/index.js';
import { BROWSER, browserName } from '../frame/browser.js';
import { cwd } from './working-folder.js';

export { Buffer };

type Texts = Readonly<Record<string, string | undefined>>;

/** What sources that run in Node and here ask of the process. */
interface BrowserProcess {
  readonly arch: string;
  readonly argv: readonly string[];
  readonly env: Texts;
  readonly pid: number;
  readonly platform: string;
  /** What runs the programs, as a run's manifest tells it. */
  readonly version: string;
  readonly versions: Texts;
  cwd(): string;
  /** Process 1, this one, is the only one there is. @throws Error ESRCH */
  kill(): never;
}

export const process: BrowserProcess = {
  arch: 'wasm',
  argv: [],
  env: {},
  pid: 1,
  platform: 'browser',
  version: browserName(BROWSER.navigator.userAgent),
  versions: {},
  cwd,
  kill: () => {
    throw Object.assign(new Error('there is no such process'), { code: 'ESRCH' });
  },
};

import type { Level } from '../../conformance/index.js';
import type { BackendFlags } from '../options/backend-options.js';

/** Flags of `lacuna conform`. */
export interface ConformFlags extends BackendFlags {
  readonly port?: string;
  readonly deadline?: number;
  readonly at?: string;
  readonly level?: Level;
  readonly filter?: string;
  readonly clause?: string;
  readonly seed?: number;
  readonly cases?: number;
  readonly double?: true;
  readonly real?: true;
  readonly replay?: string;
  readonly explore?: number;
  readonly known?: string;
  readonly out?: string;
  readonly judge?: string;
  readonly acceptUnrecorded?: true;
  readonly compare?: readonly string[];
  readonly page?: readonly string[];
  readonly vectors?: string;
  readonly json?: true;
}

/** What the exit code says. */
export const EXIT = {
  passed: 0,
  failed: 1,
  /** The command line, or a file that it names, is wrong. */
  usage: 2,
  /** The suite misjudged an altered copy of the results: the run proves nothing. */
  invalid: 3,
  /** The backend or port is not here. */
  notRun: 4,
} as const;

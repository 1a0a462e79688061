import { VERDICTS, type Verdict } from '../../conformance/check.js';
import type { CheckReport } from '../../conformance/report/report.js';
import { BROWSER } from './browser.js';

const KEY = 'lacuna verdicts';

/** What checks came to on a GPU, as the tab remembers it until it is closed. */
export interface Kept {
  /** The GPU's name. */
  readonly device: string;
  /** By the ids of checks. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

/** Keeps verdicts in the tab, those of one GPU: another one's take their place. */
export class KeptVerdicts {
  readonly #device: string;
  readonly #verdicts: Map<string, Verdict>;

  constructor(device: string) {
    const before = keptVerdicts();
    this.#device = device;
    this.#verdicts = new Map(before?.device === device ? before.verdicts : []);
  }

  keep({ id, verdict }: Pick<CheckReport, 'id' | 'verdict'>): void {
    this.#verdicts.set(id, verdict);
    const text = JSON.stringify({ device: this.#device, verdicts: [...this.#verdicts] });
    try {
      BROWSER.sessionStorage.setItem(KEY, text);
    } catch {
      // A visitor may let pages keep nothing: then the specification shows no verdicts.
    }
  }
}

/** What the tab remembers; undefined where that is nothing, or nothing that can be understood. */
export function keptVerdicts(): Kept | undefined {
  try {
    const found: unknown = JSON.parse(BROWSER.sessionStorage.getItem(KEY) ?? 'null');
    return found === null ? undefined : understood(found);
  } catch {
    return undefined;
  }
}

function understood(found: unknown): Kept | undefined {
  const { device, verdicts } = found as { readonly device?: unknown; readonly verdicts?: unknown };
  if (typeof device !== 'string' || !Array.isArray(verdicts)) return undefined;
  const pairs = verdicts.flatMap((pair: unknown) => {
    if (!Array.isArray(pair)) return [];
    const [id, word] = pair as readonly unknown[];
    const verdict = VERDICTS.find((each) => each === word);
    return typeof id === 'string' && verdict !== undefined ? [[id, verdict] as const] : [];
  });
  return { device, verdicts: new Map(pairs) };
}

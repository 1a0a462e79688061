import { VERDICTS, type Verdict } from '../../conformance/check.js';
import type { CheckReport } from '../../conformance/report/report.js';
import { BROWSER } from './browser.js';

const KEY = 'lacuna verdicts';

/** What checks came to on a GPU, as the tab remembers it until it is closed. */
export interface Kept {
  /** The GPU's name. */
  readonly device: string;
  /** The choices of their runs that are not the usual ones; empty where all are. */
  readonly choices: string;
  /** By the ids of checks. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

/** Keeps verdicts in the tab, those of one GPU and the same choices: another one's take their place. */
export class KeptVerdicts {
  readonly #of: Omit<Kept, 'verdicts'>;
  readonly #verdicts: Map<string, Verdict>;

  constructor(device: string, choices: string) {
    const before = keptVerdicts();
    this.#of = { device, choices };
    const isSame = before?.device === device && before.choices === choices;
    this.#verdicts = new Map(isSame ? before.verdicts : []);
  }

  keep({ id, verdict }: Pick<CheckReport, 'id' | 'verdict'>): void {
    this.#verdicts.set(id, verdict);
    const text = JSON.stringify({ ...this.#of, verdicts: [...this.#verdicts] });
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
  const { device, choices, verdicts } = found as Readonly<Partial<Record<keyof Kept, unknown>>>;
  if (typeof device !== 'string' || typeof choices !== 'string') return undefined;
  if (!Array.isArray(verdicts)) return undefined;
  const pairs = verdicts.flatMap((pair: unknown) => {
    if (!Array.isArray(pair)) return [];
    const [id, word] = pair as readonly unknown[];
    const verdict = VERDICTS.find((each) => each === word);
    return typeof id === 'string' && verdict !== undefined ? [[id, verdict] as const] : [];
  });
  return { device, choices, verdicts: new Map(pairs) };
}

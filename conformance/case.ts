import type fc from 'fast-check';
import type { HostTensor, Named } from '../core/backend.js';
import type { Program } from '../spec/program/index.js';

/** One program with data to run it on. */
export interface Case {
  readonly program: Program;
  /** Runs of one executable, in order: the second shows what was kept from the first. */
  readonly runs: readonly Named<HostTensor>[];
}

/** A case that is not made yet; its address tells all that it is made of. */
export interface CaseDraw {
  readonly address: string;
  readonly make: () => Case;
}

/** Cases of one kind, with one verdict for all. */
export interface Family {
  /** `primitive/add`, `composite/softmax/claimed`, ... */
  readonly id: string;
  readonly cases: fc.Arbitrary<CaseDraw>;
}

/** A family from an arbitrary of plain parameters and the function that makes a case of them. */
export function family<P extends object>(
  id: string,
  parameters: fc.Arbitrary<P>,
  make: (parameters: P) => Case,
): Family {
  const cases = parameters.map((drawn) => ({
    address: `${id}:${Object.entries(drawn)
      .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      .join(';')}`,
    make: () => make(drawn),
  }));
  return { id, cases };
}

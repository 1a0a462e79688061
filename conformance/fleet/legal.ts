import type { Backend, BackendInfo } from '../../core/backend.js';
import {
  type Arithmetic,
  float32,
  InterpreterBackend,
  type Meanings,
} from '../../reference/index.js';
import { CONTRACTS } from '../../spec/contracts/index.js';
import {
  Composite,
  div,
  exp,
  maximum,
  mul,
  SOFTMAX,
  sub,
  sum,
  type Value,
} from '../../spec/program/index.js';
import { meaningsWith } from './meanings.js';

/** A backend of a fleet, with what sets it apart. */
export interface FleetMember {
  readonly name: string;
  readonly open: () => Backend;
}

/** Backends that differ as the contract `f32-ieee` allows; none may ever fail. */
export const LEGAL_FLEET: readonly FleetMember[] = [
  member('sums in order', float32({ summation: 'sequential' })),
  member('sums in reverse', float32({ summation: 'reversed' })),
  member('sums in eight lanes', float32({ summation: 'blocked' })),
  member('sums in pairs', float32({ summation: 'pairwise' })),
  member('fused multiply-add', float32({ summation: 'sequential', fused: true })),
  member('library functions too high', withLibraryError(1)),
  member('library functions too low', withLibraryError(-1)),
  member('softmax by a reciprocal', float32({ summation: 'pairwise' }), softmaxByReciprocal()),
];

/** A float32 backend that executes every composite itself. */
export function float32Backend(
  name: string,
  arithmetic: Arithmetic<Float32Array>,
  meanings: Meanings = {},
): InterpreterBackend<Float32Array> {
  const info: Pick<BackendInfo, 'name' | 'contract' | 'claims'> = {
    name,
    contract: 'f32-ieee',
    claims: [],
  };
  return new InterpreterBackend(arithmetic, info, meanings);
}

function member(
  name: string,
  arithmetic: Arithmetic<Float32Array>,
  meanings: Meanings = {},
): FleetMember {
  return { name, open: () => float32Backend(name, arithmetic, meanings) };
}

/** Library functions wrong by most of what the contract grants, always to one side. */
function withLibraryError(side: 1 | -1): Arithmetic<Float32Array> {
  const exact = float32({ summation: 'sequential' });
  const skewed = (name: 'exp' | 'log' | 'erf' | 'tanh' | 'rsqrt'): typeof exact.exp => {
    // The result is rounded once more, hence one unit less; a unit is at least 2^-24 of it.
    const shift = side * (CONTRACTS['f32-ieee'].accuracy[name](0, 0).ulps - 1) * 2 ** -24;
    return (out, x, i) => {
      exact[name](out, x, i);
      out[i] = (out[i] as number) * (1 + shift);
    };
  };
  return {
    ...exact,
    exp: skewed('exp'),
    log: skewed('log'),
    erf: skewed('erf'),
    tanh: skewed('tanh'),
    rsqrt: skewed('rsqrt'),
  };
}

function softmaxByReciprocal(): Meanings {
  const { name, operands, attributes, results } = SOFTMAX;
  return meaningsWith(
    new Composite({
      name,
      operands,
      attributes,
      results,
      body: ([x]) => {
        const scores = x as Value;
        const shifted = exp(sub(scores, maximum(scores, [-1], { keep: true })));
        const total = sum(shifted, [-1], { keep: true });
        return [mul(shifted, div(1, total))];
      },
    }),
  );
}

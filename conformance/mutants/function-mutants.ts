import type { HostTensor, Named } from '../../core/backend.js';
import { CONTRACTS } from '../../spec/contracts/index.js';
import type { Family } from '../case.js';
import type { Subject } from '../subject.js';
import type { Mutant } from './mutant.js';
import { DISTORTIONS } from './result-mutants.js';

/** A port whose functions of integers are right but for one way of getting their results wrong. */
export function functionMutants(families: readonly Family[]): readonly Mutant[] {
  return families.flatMap((family) =>
    Object.keys(DISTORTIONS)
      .filter((what) => !/rounded|off by/.test(what))
      .map(
        (what): Mutant => ({
          name: `${family.id}: ${what}`,
          open: () => wrongPort(what),
          seenBy: [family.id],
        }),
      ),
  );
}

function wrongPort(what: string): Subject {
  const kept = new Map<string, Int32Array | Uint8Array>();
  const distort = DISTORTIONS[what];
  return {
    info: {
      name: what,
      version: '1',
      device: 'none',
      contract: 'f32-ieee',
      deterministic: false,
      claims: [],
    },
    open: async (drawn) => ({
      run: async (inputs) => {
        const right = drawn.expected(inputs, CONTRACTS['f32-ieee']);
        const outputs: Record<string, HostTensor> = {};
        for (const [name, allowed] of Object.entries(right)) {
          if ('value' in allowed) throw new Error(`${name} is no integer`);
          const { dtype, shape } = allowed;
          const data = allowed.data.slice();
          const key = `${name} ${data.length}`;
          distort?.(data, { isFloat: false, before: kept.get(key) });
          kept.set(key, allowed.data);
          outputs[name] = { dtype, shape, data };
        }
        return outputs satisfies Named<HostTensor>;
      },
      close: async () => {},
    }),
  };
}

import type { HostTensor, Named } from '../../core/backend.js';
import { float32 } from '../../reference/index.js';
import { CONTRACTS } from '../../spec/contracts/index.js';
import type { Family } from '../case.js';
import { float32Backend } from '../fleet/legal.js';
import { isLossOrGradient } from '../functions/step-call.js';
import { backendSubject, type Subject } from '../subject.js';
import type { Mutant } from './mutant.js';
import { DISTORTIONS, type Numbers } from './result-mutants.js';

/** For each family, each distortion but those that change nothing in its results. */
function distorted(
  families: readonly Family[],
  idle: RegExp,
  open: (what: string, family: Family) => Subject,
): readonly Mutant[] {
  return families.flatMap((family) =>
    Object.keys(DISTORTIONS)
      .filter((what) => !idle.test(what))
      .map(
        (what): Mutant => ({
          name: `${family.id}: ${what}`,
          open: () => open(what, family),
          seenBy: [family.id],
        }),
      ),
  );
}

/**
 * A port whose programs are right but for one way of getting the outputs wrong that a family judges: of a
 * step the loss and the gradients, or what the update gives; of any other function all of them.
 */
export function portProgramMutants(families: readonly Family[]): readonly Mutant[] {
  // Of a loss alone most of them change nothing, and its gradients are those of `objective/`.
  const whole = families.filter(({ id }) => !id.startsWith('function/loss'));
  return distorted(whole, /rounded|off by|one more/, (what, { id }) => {
    if (!id.startsWith('function/step')) return wrongPrograms(what, () => true);
    return wrongPrograms(what, (output) => isLossOrGradient(output) === id.endsWith('/gradients'));
  });
}

function wrongPrograms(what: string, isJudged: (output: string) => boolean): Subject {
  const right = backendSubject(float32Backend(what, float32({ summation: 'pairwise' })));
  const distort = DISTORTIONS[what];
  const kept = new Map<string, Numbers>();
  return {
    ...right,
    open: async (drawn) => {
      const opened = await right.open(drawn);
      if (typeof opened === 'string') return opened;
      const run = async (inputs: Named<HostTensor>): Promise<Named<HostTensor>> => {
        const outputs = await opened.run(inputs);
        for (const [name, { data }] of Object.entries(outputs)) {
          if (!isJudged(name) || data instanceof Uint16Array) continue;
          const fresh = data.slice();
          distort?.(data, { isFloat: true, before: kept.get(name) });
          kept.set(name, fresh);
        }
        return outputs;
      };
      return { ...opened, run };
    },
  };
}

/** A port whose functions of integers are right but for one way of getting their results wrong. */
export function functionMutants(families: readonly Family[]): readonly Mutant[] {
  return distorted(families, /rounded|off by/, wrongPort);
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

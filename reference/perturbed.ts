import { ACCURACY_NAMES, type ContractErrors } from '../spec/contracts/index.js';
import type { AccuracyName } from '../spec/program/index.js';
import type { RandomStream } from '../spec/random/index.js';
import type { Arithmetic } from './arithmetic.js';
import { type Float32Options, float32, SUMMATIONS, type Summation } from './float32.js';
import { LIBRARY } from './library-functions.js';

/** Float32 in every order of sums, fused and not. */
function membersWith(
  reads: Pick<Float32Options, 'roundFactor'>,
): readonly Arithmetic<Float32Array>[] {
  return (Object.keys(SUMMATIONS) as Summation[]).flatMap((summation) => [
    float32({ summation, ...reads }),
    float32({ summation, ...reads, fused: true }),
  ]);
}

/** Those that read factors as they are: to make them for each draw took a tenth of its time. */
const EXACT_FACTORS = membersWith({});

/** How a backend reads factors of products; the third way is to cut them. */
const [KEPT, ROUNDED] = [0, 1];

/**
 * Float32 as one of the many backends that a contract allows, drawn at random (Monte Carlo
 * arithmetic): each sum in another order, library functions wrong within what the contract grants,
 * factors of products kept, rounded or cut, and small ones 0, where the contract lets them be. Many such
 * runs show how far correct backends lie apart.
 *
 * It errs as what is executed whole may, since steps and models are, or may be.
 *
 * A function is wrong by the whole grant to one side in every call in half of the draws, and by a
 * random share of it in each call in the others: approximations in use err the same way for like
 * arguments, and errors that agree add up as n, not as the root of n. A backend at the edge of the
 * grant in each of F functions then lies at most sqrt(2 F) deviations off.
 */
export function perturbed(
  contract: ContractErrors,
  stream: RandomStream,
): Arithmetic<Float32Array> {
  const members = contract.factors === undefined ? EXACT_FACTORS : membersWith({ roundFactor });
  const [first] = members as [Arithmetic<Float32Array>];
  const any = (): Arithmetic<Float32Array> =>
    members[stream.integer(members.length)] as Arithmetic<Float32Array>;
  const { factors } = contract;
  const reading = factors === undefined ? 0 : stream.integer(3);
  const flushes = factors !== undefined && stream.integer(2) === 0;
  function roundFactor(x: number): number {
    if (factors === undefined || reading === KEPT) return x;
    const size = Math.abs(x);
    if (flushes && size < factors.flushBelow) return 0;
    const rounded = factors.round(x);
    if (reading === ROUNDED || rounded === x) return rounded;
    const error = Math.min(Math.max(size * factors.unitRoundoff, factors.underflow), size);
    return x - Math.sign(x) * error * stream.uniform();
  }
  const sides = new Map(
    ACCURACY_NAMES.map((name) => [name, [-1, 1, undefined, undefined][stream.integer(4)]]),
  );
  const wrong = (name: AccuracyName, value: number, x: number): number => {
    const { ulps, absolute } = contract.accuracyWithin[name](x, x);
    if (ulps <= 0.5 || !Number.isFinite(value)) return value;
    // The result is rounded once more, hence one unit less; a unit is at least 2^-24 of it.
    const unit = Math.abs(value) * 2 ** -24;
    const error = Math.max(unit * (ulps - 1), absolute - unit);
    return value + error * (sides.get(name) ?? 2 * stream.uniform() - 1);
  };
  return {
    ...first,
    name: `float32, perturbed within ${contract.name}`,
    div: (out, a, b, i) => {
      out[i] = wrong('div', (a[i] as number) / (b[i] as number), b[i] as number);
    },
    library: (name, out, x, i) => {
      const argument = x[i] as number;
      out[i] = wrong(name, LIBRARY[name].value(argument), argument);
    },
    sum: (out, i, x, base, offsets) => any().sum(out, i, x, base, offsets),
    dot: (out, i, a, b, count) => any().dot(out, i, a, b, count),
  };
}

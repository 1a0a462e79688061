import type { HostTensor, Named } from '../../core/backend.js';
import type { FunctionCall } from '../../protocol/function-call.js';
import { type Bounds, bounds, interpret } from '../../reference/index.js';
import { LacunaError } from '../../spec/errors.js';
import { type DType, type Program, ProgramBuilder, type Value } from '../../spec/program/index.js';
import type { Case } from '../case.js';
import { type DataOptions, makeTensor } from '../generators/data.js';
import type { Regime } from '../generators/regimes.js';
import { type Axis, repeated, repeatedBounds, Stretching } from './stretching.js';

/** An input of a large case: which axes it has, and what its data must keep to. */
export interface StretchedInput extends Pick<DataOptions, 'domain' | 'below'> {
  readonly axes: readonly string[];
  readonly dtype?: DType;
  /** Its own regime instead of the case's. */
  readonly regime?: Regime;
}

/**
 * What the floats are: of a regime, or small integers. Sums of integers that stay below 2^24 are exact
 * in any order and in any contract, so that not one term may be missing or counted twice.
 */
export type StretchedData = Regime | 'integers';

/** A result, and which axes it has. */
export interface StretchedOutput {
  readonly value: Value;
  readonly axes: readonly string[];
}

/** What a large case computes, at the extents that it is given. */
export type StretchedBody<Name extends string> = (
  values: Readonly<Record<Name, Value>>,
  extents: (axis: string) => number,
) => Readonly<Record<string, StretchedOutput>>;

/** What a large case is made of. */
export interface StretchedParts<Name extends string> {
  readonly axes: Readonly<Record<string, Axis>>;
  readonly inputs: Readonly<Record<Name, StretchedInput>>;
  readonly data: StretchedData;
  readonly draw: number;
  /** The same computation as a call of one of the spec's functions. */
  readonly call?: FunctionCall;
}

/** Integers of at most this size, and the largest that sums of their products may become. */
const INTEGERS = 4;
const EXACT = 2 ** 24;

/**
 * A case of real size of which every element is judged at the cost of a small one. Along its free axes
 * the operands repeat few slices in a random order; so do its results, and the bounds of one small
 * computation are those of all of them. A mistake that comes with size (a tail left out, an index that
 * wraps, an update lost) mixes up slices, and shows.
 */
export function stretchedCase<Name extends string>(
  name: string,
  { axes, inputs, data, draw, call }: StretchedParts<Name>,
  body: StretchedBody<Name>,
): Case & { readonly program: Program } {
  const stretching = new Stretching(axes, draw);
  const entries = Object.entries<StretchedInput>(inputs);
  const build = (extents: (axis: string) => number): Built => {
    const builder = new ProgramBuilder(name);
    const values = Object.fromEntries(
      entries.map(([input, { axes: own, dtype = 'f32' }]) => [
        input,
        builder.input(input, dtype, own.map(extents), 'data'),
      ]),
    ) as Record<Name, Value>;
    const results = body(values, extents);
    for (const [output, { value }] of Object.entries(results)) builder.output(output, value);
    return { program: builder.finish(), results };
  };
  const { program, results } = build(stretching.full);
  const { program: reduced } = build(stretching.reduced);

  const inputsOf = Object.fromEntries(
    entries.map(([input, { axes: own, dtype = 'f32', ...rest }], replicate) => {
      const type = { dtype, shape: own.map(stretching.kinds) };
      const tensor = makeTensor(type, { ...contentOf(data, rest), draw, replicate });
      return [input, repeated(tensor, own.map(stretching.full), stretching.kindsOf(own))];
    }),
  );
  const expected: Case['expected'] = (given, contract) => {
    const own = Object.fromEntries(
      entries.map(([input, { axes: along }]) => [
        input,
        repeated(
          given[input] as HostTensor,
          along.map(stretching.reduced),
          stretching.firstOf(along),
        ),
      ]),
    );
    // Whoever implements a function has its formula, in which any order is right.
    const order = call === undefined ? 'written' : 'any';
    const allowed =
      data === 'integers' ? exactBounds(reduced, own) : bounds(reduced, own, contract, { order });
    return Object.fromEntries(
      Object.entries(allowed).map(([output, each]) => {
        const { axes: along } = results[output] as StretchedOutput;
        return [
          output,
          repeatedBounds(each, along.map(stretching.full), stretching.freeKindsOf(along)),
        ];
      }),
    );
  };
  return { program, runs: [inputsOf], expected, ...(call === undefined ? {} : { call }) };
}

interface Built {
  readonly program: Program;
  readonly results: Readonly<Record<string, StretchedOutput>>;
}

function contentOf(
  data: StretchedData,
  { domain = (x): number => x, regime, below }: Omit<StretchedInput, 'axes' | 'dtype'>,
): Pick<DataOptions, 'regime' | 'domain' | 'below'> {
  const bounded = below === undefined ? {} : { below };
  if (data !== 'integers') return { regime: regime ?? data, domain, ...bounded };
  const whole = (x: number): number =>
    Math.max(-INTEGERS, Math.min(INTEGERS, Math.round(domain(2 * x))));
  return { regime: 'normal', domain: whole, ...bounded };
}

/** Results that no order of adding can change. @throws LacunaError where some are too large for that. */
function exactBounds(program: Program, inputs: Named<HostTensor>): Named<Bounds> {
  const sizes = Object.fromEntries(
    Object.entries(inputs).map(([name, { data, ...type }]) => [
      name,
      { ...type, data: type.dtype === 'f32' ? Float32Array.from(data, Math.abs) : data },
    ]),
  );
  const largest = interpret(program, sizes);
  const results = Object.entries(interpret(program, inputs));
  return Object.fromEntries(
    results.map(([name, { dtype, shape, data }]): [string, Bounds] => {
      if (!(data instanceof Float64Array)) return [name, { dtype, shape, data } as Bounds];
      for (const size of largest[name]?.data ?? []) {
        if (size < EXACT) continue;
        throw new LacunaError({ where: name, what: 'sums leave 2^24', got: String(size) });
      }
      return [name, { dtype: 'f32', shape, value: data, low: data, high: data }];
    }),
  );
}

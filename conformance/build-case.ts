import {
  type DType,
  type Program,
  ProgramBuilder,
  type Shape,
  type Value,
} from '../spec/program/index.js';
import { type Case, programCase } from './case.js';
import { type DataOptions, makeTensor } from './generators/data.js';
import type { Regime } from './generators/regimes.js';

/** An input of a case: its type, and what its data must keep to. */
export interface CaseInput extends Pick<DataOptions, 'domain' | 'below'> {
  readonly dtype?: DType;
  readonly shape: Shape;
  /** Its own regime instead of the case's. */
  readonly regime?: Regime;
}

/** The data of a case. */
export interface CaseData {
  readonly regime: Regime;
  readonly draw: number;
}

/** The runs of one executable that each case makes. */
const RUNS = 2;

/** A case whose program applies `body` to the inputs, and returns its results by name. */
export function buildCase<Name extends string>(
  name: string,
  inputs: Readonly<Record<Name, CaseInput>>,
  data: CaseData,
  body: (values: Readonly<Record<Name, Value>>, builder: ProgramBuilder) => Outputs,
): Case & { readonly program: Program } {
  const builder = new ProgramBuilder(name);
  const entries = Object.entries<CaseInput>(inputs);
  const values = Object.fromEntries(
    entries.map(([input, { dtype = 'f32', shape }]) => [
      input,
      builder.input(input, dtype, shape, 'data'),
    ]),
  ) as Record<Name, Value>;
  const results = body(values, builder);
  for (const [output, value] of Object.entries(results)) builder.output(output, value);
  const runs = Array.from({ length: RUNS }, (_, run) =>
    Object.fromEntries(
      entries.map(([input, { dtype = 'f32', shape, ...own }], index) => {
        const replicate = run * entries.length + index;
        return [input, makeTensor({ dtype, shape }, { ...data, ...own, replicate })];
      }),
    ),
  );
  return programCase(builder.finish(), runs);
}

/** The results of a case's program, by output name. */
export type Outputs = Readonly<Record<string, Value>>;

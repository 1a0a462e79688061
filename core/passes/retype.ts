import type { DType, FloatType, Operation, Program } from '../../spec/program/index.js';

/** The program with every f32 value made a value of `float`: checks run f32 programs in f64. */
export function retype(program: Program, float: FloatType): Program {
  const typed = <T extends { readonly dtype: DType }>(value: T): T =>
    value.dtype === 'f32' ? { ...value, dtype: float } : value;
  const operations = program.operations.map((operation): Operation => {
    const retyped = { ...operation, results: operation.results.map(typed) } as Operation;
    if (retyped.op === 'cast') return { ...retyped, attributes: typed(retyped.attributes) };
    if (retyped.op === 'constant') return { ...retyped, attributes: typed(retyped.attributes) };
    return retyped;
  });
  return { ...program, inputs: program.inputs.map(typed), operations };
}

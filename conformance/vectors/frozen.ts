import fc from 'fast-check';
import { z } from 'zod';
import type { HostTensor } from '../../core/backend.js';
import { parseProgram } from '../../core/text/parse.js';
import { formatNumber, printProgram } from '../../core/text/print.js';
import { FUNCTION_NAMES, type FunctionCall } from '../../protocol/function-call.js';
import { LacunaError } from '../../spec/errors.js';
import { type DType, elementCount, formatType, type Shape } from '../../spec/program/index.js';
import { type Case, functionCase, type Level, programCase } from '../case.js';
import { type Check, verdictOf } from '../check.js';
import { judgeCase } from '../family-check.js';
import { exactCase } from '../functions/integer-functions.js';
import { FROZEN_FILES } from './frozen-files.js';

/** A case that found a mistake once, as values: no seed and no generator stand between. */
export interface FrozenVector {
  readonly format: 'lacuna-vector/1';
  /** The mistake that it found. */
  readonly found: string;
  readonly level: number;
  readonly clauses: readonly string[];
  /** Where it came from; a comment, since generators change. */
  readonly address: string;
  /** The lines of the text of its program; absent for a function of integers. */
  readonly program?: readonly string[] | undefined;
  readonly call?: FunctionCall | undefined;
  readonly runs: readonly Readonly<Record<string, FrozenTensor>>[];
}

/** Numbers as JSON has them; those that it has not are spelled: `"-0"`, `"nan"`, `"inf"`, `"-inf"`. */
interface FrozenTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: readonly (number | string)[];
}

const MAX_ELEMENTS = 4096;
const element = z.union([z.number(), z.enum(['-0', 'nan', 'inf', '-inf'])]);
const tensor = z.strictObject({
  dtype: z.enum(['f64', 'f32', 'i32', 'u8', 'bool']),
  shape: z.array(z.int().min(0).max(MAX_ELEMENTS)).max(16),
  data: z.array(element).max(MAX_ELEMENTS),
});
const attribute = z.union([z.number(), z.string(), z.boolean(), z.array(z.number())]);
const SCHEMA = z.strictObject({
  format: z.literal('lacuna-vector/1'),
  found: z.string().min(3).max(300),
  level: z.int().min(0).max(5),
  clauses: z.array(z.string().max(100)).min(1).max(20),
  address: z.string().max(20000),
  program: z.array(z.string().max(100_000)).max(20_000).optional(),
  call: z
    .strictObject({ function: z.enum(FUNCTION_NAMES), attributes: z.record(z.string(), attribute) })
    .optional(),
  runs: z
    .array(z.record(z.string().max(300), tensor))
    .min(1)
    .max(4),
});

const CONTAINERS = {
  f64: Float64Array,
  f32: Float32Array,
  i32: Int32Array,
  u8: Uint8Array,
  bool: Uint8Array,
} as const;
const SPELLED: Readonly<Record<string, number>> = {
  '-0': -0,
  nan: Number.NaN,
  inf: Infinity,
  '-inf': -Infinity,
};

/** The text of a case as a frozen vector. @throws LacunaError where it is too large for one. */
export function freeze(
  { program, call, runs }: Case,
  about: Pick<FrozenVector, 'found' | 'level' | 'clauses' | 'address'>,
): string {
  const vector: FrozenVector = {
    format: 'lacuna-vector/1',
    ...about,
    ...(program === undefined ? {} : { program: printProgram(program).trimEnd().split('\n') }),
    ...(call === undefined ? {} : { call }),
    runs: runs.map((inputs) =>
      Object.fromEntries(Object.entries(inputs).map(([name, each]) => [name, spelled(name, each)])),
    ),
  };
  return `${JSON.stringify(vector, null, 2)}\n`;
}

function spelled(name: string, { dtype, shape, data }: HostTensor): FrozenTensor {
  if (data.length > MAX_ELEMENTS) {
    throw new LacunaError({
      where: name,
      what: 'a frozen vector is small',
      got: `${data.length} elements`,
      expected: `at most ${MAX_ELEMENTS}`,
    });
  }
  const numbers = Array.from(data, (value) => {
    const text = formatNumber(value);
    return text in SPELLED ? text : value;
  });
  return { dtype, shape, data: numbers };
}

/** The case of a frozen vector. @throws LacunaError where the text is none. */
export function thaw(text: string, where: string): FrozenVector & { readonly case: Case } {
  const vector = parseVector(text, where);
  const runs = vector.runs.map((inputs) =>
    Object.fromEntries(Object.entries(inputs).map(([name, each]) => [name, tensorOf(name, each)])),
  );
  const { program, call } = vector;
  if (program !== undefined) {
    const parsed = parseProgram([...program, ''].join('\n'), where);
    const made = programCase(parsed, runs);
    return { ...vector, case: call === undefined ? made : functionCase(made, call) };
  }
  if (call !== undefined) return { ...vector, case: exactCase(call, runs) };
  throw new LacunaError({ where, what: 'a vector has a program, a call, or both' });
}

function parseVector(text: string, where: string): FrozenVector {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new LacunaError({ where, what: 'the file is no JSON' }, { cause });
  }
  const parsed = SCHEMA.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const got = issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`;
  throw new LacunaError({ where, what: 'the file is no frozen vector', got });
}

function tensorOf(name: string, { dtype, shape, data }: FrozenTensor): HostTensor {
  if (data.length !== elementCount(shape) || dtype === 'f16' || dtype === 'bf16') {
    const got = `${data.length} elements`;
    throw new LacunaError({
      where: name,
      what: 'data and type differ',
      got,
      expected: formatType({ dtype, shape }),
    });
  }
  const numbers = data.map((each) => (typeof each === 'string' ? (SPELLED[each] ?? NaN) : each));
  return { dtype, shape, data: CONTAINERS[dtype].from(numbers) };
}

/** The check of a frozen vector: who can run it. */
export interface FrozenCheck extends Check {
  readonly program: boolean;
  readonly call: boolean;
}

/** A check for each frozen vector, by the name of its file: they ride in every run. */
export const FROZEN_CHECKS: readonly FrozenCheck[] = Object.entries(FROZEN_FILES).map(
  ([file, text]) => frozenCheck(file, text),
);

function frozenCheck(file: string, text: string): FrozenCheck {
  const vector = thaw(text, `conformance/vectors/frozen/${file}`);
  const id = `vectors/frozen/${file.replace('.json', '')}`;
  const { clauses, found } = vector;
  const family: NonNullable<Check['family']> = {
    id,
    level: vector.level as Level,
    clauses,
    parameters: fc.constant({}),
    make: () => vector.case,
  };
  const run: Check['run'] = async (subject, options) => {
    try {
      const finding = await judgeCase(subject, family, {}, options);
      const { failure } = finding;
      return failure === undefined
        ? finding
        : { ...finding, failure: { ...failure, what: `${failure.what} (found once: ${found})` } };
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      return verdictOf('unsupported', error.message);
    }
  };
  return {
    id,
    level: family.level,
    clauses,
    family,
    run,
    program: vector.program !== undefined,
    call: vector.call !== undefined,
  };
}

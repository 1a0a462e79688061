import {
  type Call,
  type DType,
  elementCount,
  type Operation,
  PRIMITIVE_FACTS,
  type Program,
  type TensorType,
} from '../../spec/index.js';
import type { MemoryHabits } from '../backend.js';
import { expand } from '../passes/expand.js';
import { recompute } from '../passes/recompute.js';
import { declarations } from '../passes/rewrite.js';
import { simplify } from '../passes/simplify.js';
import type { Plan } from '../plan/plan.js';

/** Bytes that a step takes at its peak, by what they are for. */
export interface PlanMemory {
  /** Parameters, moments, statistics, and what lives for one step; twice where outputs lie beside. */
  readonly state: number;
  /** Tables, and what one call is fed. */
  readonly fed: number;
  /** What lies between operations: activations, and cotangents on their way. */
  readonly between: number;
  /** What the caller holds: the data of the global batch. */
  readonly host: number;
  /** On the device; for one in the memory of the machine with what the caller holds. */
  readonly peak: number;
}

/**
 * Predicts the memory of a step from its programs alone: of each, every value lives from the operation
 * that makes it to the last that reads it, in the order of the program. Reshaped values share their
 * place; an elementwise result takes that of an operand that ends there; broadcasts and literals are not
 * stored. What the process holds by itself (code, an allocator's slack) is not counted.
 */
export function planMemory(plan: Plan, habits: MemoryHabits): PlanMemory {
  const kept = [...plan.state, ...plan.scratch];
  const names = new Set(kept.map(({ name }) => name));
  const programs = Object.values(plan.programs);
  const types = new Map(programs.flatMap(({ inputs }) => inputs.map((each) => [each.name, each])));
  const stateBytes = sum(
    kept.map(({ name, shape }) => {
      const isBeside =
        habits.donated === 'beside' && programs.some((each) => replaces(each, name, habits));
      const copies = isBeside ? 2 : 1;
      return copies * bytesOf({ dtype: types.get(name)?.dtype ?? 'f32', shape });
    }),
  );
  const given = [...types.values()].filter(({ name }) => !names.has(name));
  const tables = sum(given.filter(({ role }) => role === 'constant').map(bytesOf));
  const data = programs.map(({ inputs }) =>
    sum(inputs.filter(({ name, role }) => role === 'data' && !names.has(name)).map(bytesOf)),
  );
  const fed = tables + Math.max(...data);
  const own = plan.recompute === true ? habits : { ...habits, recomputes: [] };
  const each = programs.map((program) => betweenBytes(program, own, names));
  const { packing = 1 } = habits;
  const between = packing * (habits.between === 'kept' ? sum(each) : Math.max(...each));
  const host = hostBytes(plan, names);
  const device = stateBytes + fed + between;
  return {
    state: stateBytes,
    fed,
    between,
    host,
    peak: device + (habits.device === 'machine' ? host : 0),
  };
}

/** Whether the program has a next value of this state tensor that is not written over the old one. */
function replaces(
  { operations, outputs }: Program,
  state: string,
  { overwrites = [] }: MemoryHabits,
): boolean {
  const output = outputs.find(({ name }) => name === state);
  if (output === undefined) return false;
  const made = operations.find(({ results }) => results.some(({ name }) => name === output.value));
  if (made?.op !== 'call' || !overwrites.includes(made.composite)) return true;
  return !made.operands.includes(state);
}

/** The data of the global batch: each input once, as often as its program runs. */
function hostBytes(plan: Plan, kept: ReadonlySet<string>): number {
  const fed = new Map<string, number>();
  for (const { program, repeat, rows } of plan.calls) {
    for (const input of plan.programs[program]?.inputs ?? []) {
      if (input.role !== 'data' || kept.has(input.name) || input.name === rows) continue;
      fed.set(input.name, repeat * bytesOf(input));
    }
  }
  return sum([...fed.values()]);
}

/** The most bytes that lie between the operations of a program at a time; inputs are not among them. */
function betweenBytes(program: Program, habits: MemoryHabits, kept: ReadonlySet<string>): number {
  const { fuses, recomputes = [] } = habits;
  const whole = recompute(
    simplify(expand(program, (_, call) => isWhole(call, habits))),
    recomputes,
  );
  const types = declarations(whole);
  const places = placesOf(whole, fuses);
  const place = (name: string): string => places.get(name) ?? name;
  const stored = storedValues(whole, fuses);
  const lastUse = new Map<string, number>();
  whole.operations.forEach(({ operands, results }, index) => {
    for (const name of [...operands, ...results.map((result) => result.name)])
      lastUse.set(place(name), index);
  });
  const outputs = new Map(whole.outputs.map(({ name, value }) => [place(value), name]));
  const own = new Set(whole.inputs.map(({ name }) => name));
  // What is kept is counted as such; other outputs are handed out.
  const counted = (name: string): boolean => {
    const output = outputs.get(name);
    return !own.has(name) && stored.has(name) && (output === undefined || !kept.has(output));
  };
  const size = (name: string): number => bytesOf(types.get(name) as TensorType);
  let live = 0;
  let peak = 0;
  whole.operations.forEach((operation, index) => {
    const made = operation.results.map(({ name }) => name).filter((name) => place(name) === name);
    const ended = new Set(
      [...operation.operands, ...made]
        .map(place)
        .filter((name) => lastUse.get(name) === index && !outputs.has(name)),
    );
    const freed = [...ended].filter(counted);
    live += sum(made.filter(counted).map(size));
    const [result] = made;
    const reused = freed.find((name) => result !== name && size(name) === size(result ?? name));
    const inPlace = isElementwise(operation) && reused !== undefined ? size(reused) : 0;
    peak = Math.max(peak, live - inPlace + asideBytes(operation, habits));
    live -= sum(freed.map(size));
  });
  return peak;
}

/** What the gradient of attention leaves in memory on its way: of no other operation anything is known. */
function asideBytes(operation: Operation, { scoreBytes = 0 }: MemoryHabits): number {
  if (operation.op !== 'call' || operation.composite !== 'attention_grad') return 0;
  const { dtype, shape } = operation.results[0] as TensorType;
  const [length = 0] = shape.slice(-2);
  return Math.min(scoreBytes, bytesOf({ dtype, shape: [...shape.slice(0, -1), length] }));
}

function isWhole(
  { composite, results }: Call,
  { whole, streamsFrom = Number.POSITIVE_INFINITY }: MemoryHabits,
): boolean {
  const isLong = (results[0]?.shape.at(-2) ?? 0) >= streamsFrom;
  return whole.includes(composite) || (composite.startsWith('attention') && isLong);
}

/** Values that are another value's elements in another order or shape: by name, whose place they share. */
function placesOf({ operations }: Program, fuses: boolean): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  for (const { op, operands, results } of operations) {
    const [operand] = operands;
    const [result] = results;
    const isView = op === 'reshape' || (fuses && (op === 'transpose' || op === 'slice'));
    if (!isView || operand === undefined || result === undefined) continue;
    places.set(result.name, places.get(operand) ?? operand);
  }
  return places;
}

/**
 * The values that are written to memory. Where operations are fused, an elementwise value is computed
 * in its elementwise readers and in reductions, and a product's only elementwise reader in the product.
 */
function storedValues({ operations, outputs }: Program, fuses: boolean): ReadonlySet<string> {
  const readers = new Map<string, Operation[]>();
  for (const operation of operations) {
    for (const name of new Set(operation.operands)) {
      const others = readers.get(name);
      if (others === undefined) readers.set(name, [operation]);
      else others.push(operation);
    }
  }
  const inlines = (operation: Operation): boolean =>
    isElementwise(operation) || classOf(operation) === 'reduction';
  const stored = new Set(outputs.map(({ value }) => value));
  for (const operation of operations) {
    if (operation.op === 'constant' || operation.op === 'broadcast' || operation.op === 'iota')
      continue;
    for (const { name } of operation.results) {
      const own = readers.get(name) ?? [];
      const [only, more] = own;
      const isInline =
        isElementwise(operation) && own.every(inlines)
          ? true
          : operation.op === 'matmul' &&
            only !== undefined &&
            more === undefined &&
            isElementwise(only);
      if (!fuses || !isInline) stored.add(name);
    }
  }
  return stored;
}

function classOf(operation: Operation): string {
  return operation.op === 'call' ? 'call' : PRIMITIVE_FACTS[operation.op].class;
}

function isElementwise(operation: Operation): boolean {
  if (operation.op === 'call') return ELEMENTWISE_CALLS.has(operation.composite);
  return ['unary', 'binary', 'elementwise'].includes(classOf(operation));
}

const ELEMENTWISE_CALLS: ReadonlySet<string> = new Set(['gelu', 'gelu_grad']);

const BYTES: Readonly<Record<DType, number>> = {
  f64: 8,
  f32: 4,
  f16: 2,
  bf16: 2,
  i32: 4,
  u8: 1,
  bool: 1,
};

function bytesOf({ dtype, shape }: TensorType): number {
  return BYTES[dtype] * elementCount(shape);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

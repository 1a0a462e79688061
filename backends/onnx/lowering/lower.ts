import type { HostTensor, Named } from '../../../core/backend.js';
import { expand } from '../../../core/passes/expand.js';
import { recompute } from '../../../core/passes/recompute.js';
import { declarations } from '../../../core/passes/rewrite.js';
import { simplify } from '../../../core/passes/simplify.js';
import { GraphWriter } from '../../../formats/onnx/graph-writer.js';
import {
  type Call,
  type DType,
  elementCount,
  isFloat,
  type Program,
} from '../../../spec/program/index.js';
import { runsInBlocks } from './composites/attention.js';
import { CLAIMS } from './composites/index.js';
import { updatesInPlace } from './in-place.js';
import { type Compact, Lowering, type LoweringOptions } from './lowering.js';
import { lowerPrimitive } from './primitives.js';

/** A program as an ONNX graph, and what its outputs are called there. */
export interface Lowered {
  readonly graph: GraphWriter;
  /** For each program output, in order, what it is called in the graph and its shape there. */
  readonly outputs: readonly Compact[];
  /** Donated inputs whose memory may be that of their outputs, too. */
  readonly inPlace: ReadonlySet<string>;
}

interface LowerOptions extends LoweringOptions {
  /** Give each output the shape of its type, even where that costs a copy. @defaultValue false */
  readonly exactShapes?: boolean;
  /** Inputs whose values are written into the graph. @defaultValue none */
  readonly weights?: Named<HostTensor>;
  /** Input name to the name of the output that may take its memory. @defaultValue none */
  readonly donate?: Named<string>;
  /** Make again what `RECOMPUTED` names, beside its gradient. @defaultValue false */
  readonly recompute?: boolean;
}

/**
 * Writes a program as an ONNX graph. Values keep their names, except that an output's value takes
 * the output's name where no other value has it. Claimed composites become operators, others are
 * expanded.
 */
export function lower(program: Program, options: LowerOptions = {}): Lowered {
  const once = simplify(expandUnclaimed(program, options));
  const expanded = options.recompute === true ? recompute(once, RECOMPUTED) : once;
  const writer = new GraphWriter(program.name);
  const { inputs: inPlace, after } = updatesInPlace(expanded, options.donate ?? {});
  const lowering = new Lowering(expanded, writer, outputValueNames(expanded), options, after);
  for (const input of expanded.inputs) {
    const weight = options.weights?.[input.name];
    if (weight === undefined) writer.input(input.name, input);
    else writer.initializer(input.name, input, weight.data);
  }
  const besides = madeBeside(expanded);
  const skipped = new Set(besides.values());
  for (const operation of expanded.operations) {
    if (operation.op !== 'call') lowerPrimitive(operation, lowering);
    else if (!skipped.has(operation)) {
      CLAIMS[operation.composite]?.rule(operation, lowering, besides.get(operation));
    }
  }
  const outputs = writeOutputs(expanded, lowering, options.exactShapes ?? false);
  return { graph: writer, outputs, inPlace };
}

/**
 * Composites that are made again by the nodes of their gradient. By nodes of its own, ONNX Runtime would make such a value
 * as early as the first, or find that both are the same.
 */
export const RECOMPUTED: readonly string[] = ['gelu'];

/** The calls that make a value again, by the gradient that makes it beside its own. */
function madeBeside({ operations }: Program): ReadonlyMap<Call, Call> {
  const gradients = new Map<string, Call>();
  const found = new Map<Call, Call>();
  for (const operation of operations) {
    if (operation.op !== 'call') continue;
    const { composite, operands } = operation;
    const gradient = gradients.get(`${composite}_grad ${operands.join(' ')}`);
    if (RECOMPUTED.includes(composite) && gradient !== undefined) found.set(gradient, operation);
    // Its operands are the composite's, and a cotangent.
    gradients.set(`${composite} ${operands.slice(0, -1).join(' ')}`, operation);
  }
  return found;
}

/** The program with unclaimed composites expanded, and those with empty tensors, which ONNX refuses. */
function expandUnclaimed(program: Program, options: LoweringOptions): Program {
  const floats = new Set(dtypesOf(program).filter(isFloat));
  const excluded = new Set<string>();
  const keep = (composite: string, call: Call): boolean => {
    if (composite.startsWith('attention') && !runsInBlocks(call, options)) return false;
    const dtypes = excluded.has(composite) ? undefined : CLAIMS[composite]?.dtypes;
    return dtypes !== undefined && [...floats].every((dtype) => dtypes.includes(dtype));
  };
  const expanded = expand(program, keep);
  const types = declarations(expanded);
  for (const operation of expanded.operations) {
    if (operation.op !== 'call') continue;
    const shapes = [...operation.operands.map((name) => types.get(name)), ...operation.results];
    if (shapes.some((type) => type !== undefined && elementCount(type.shape) === 0)) {
      excluded.add(operation.composite);
    }
  }
  return excluded.size === 0 ? expanded : expand(expanded, keep);
}

function dtypesOf(program: Program): DType[] {
  const results = program.operations.flatMap((operation) => operation.results);
  return [...program.inputs, ...results].map(({ dtype }) => dtype);
}

/** Names of outputs for their values: a value takes the name of its first output, if that is free. */
function outputValueNames(program: Program): Map<string, string> {
  const taken = declarations(program);
  const names = new Map<string, string>(program.inputs.map(({ name }) => [name, name]));
  for (const { name, value } of program.outputs) {
    if (!names.has(value)) names.set(value, taken.has(name) ? value : name);
  }
  return names;
}

/** Declares the graph's outputs; what no node of its own makes (an input, a literal) is copied. */
function writeOutputs(program: Program, lowering: Lowering, exactShapes: boolean): Compact[] {
  const { writer } = lowering;
  const names = outputValueNames(program);
  const taken = new Set([...declarations(program).keys(), ...names.values()]);
  const declared = new Set(program.inputs.map(({ name }) => name));
  const free = (name: string, value: string): boolean =>
    !declared.has(name) && (names.get(value) === name || !taken.has(name));
  return program.outputs.map(({ name, value }) => {
    const { dtype, shape } = lowering.type(value);
    let tensor = exactShapes ? { name: lowering.use(value), shape } : lowering.anyShape(value);
    const isOwn = tensor.shape !== shape || tensor.name === names.get(value);
    if (!isOwn || declared.has(tensor.name)) {
      const outputs = [free(name, value) ? name : writer.fresh(name)];
      tensor = { ...tensor, name: writer.node('Identity', [tensor.name], {}, { outputs }) };
    }
    declared.add(tensor.name);
    writer.output(tensor.name, { dtype, shape: tensor.shape });
    return tensor;
  });
}

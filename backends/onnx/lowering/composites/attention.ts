import { expand } from '../../../../core/passes/expand.js';
import { simplify } from '../../../../core/passes/simplify.js';
import { GraphWriter } from '../../../../formats/onnx/graph-writer.js';
import {
  type Call,
  compositeNamed,
  type Program,
  type Shape,
} from '../../../../spec/program/index.js';
import { BLOCKS_FROM, type Lowering, type LoweringOptions } from '../lowering.js';
import { lowerBody } from './chunked.js';

/** Scores of a block, in chunks of elementwise work: fewer tensors are at work, and larger products are faster. */
const SCORE_CHUNKS = 4;

/** How the scores of a call are cut: heads of an iteration, and blocks of queries of one head. */
interface Cut {
  readonly heads: number;
  readonly blocks: number;
}

/**
 * Whether attention, or its gradient, runs in blocks: over long sequences without a bias. Their scores
 * fill main memory, where softmax took 5 times and the products 2 to 3 times as long as in the cache
 * (6 heads, 1,568 tokens, 1 thread of an AMD EPYC: 194 ms, in blocks 69).
 */
export function runsInBlocks(
  { operands, composite, results }: Call,
  { chunkElements = 0, blocksFrom = BLOCKS_FROM }: LoweringOptions,
): boolean {
  const length = results[0]?.shape.at(-2) ?? 0;
  const isBiased = operands.length > (composite === 'attention' ? 3 : 5);
  return chunkElements > 0 && length >= blocksFrom && !isBiased;
}

/**
 * The rule of attention and its gradient over long sequences: a Scan over heads, so many at a time that their
 * scores stay in the cache; where those of one head do not, a Scan over blocks of its queries inside. A
 * block is the composite itself on fewer queries; the cotangents of keys and values are added up over the blocks.
 */
export function lowerAttention(call: Call, lowering: Lowering): void {
  const { writer } = lowering;
  const types = call.operands.map((operand) => lowering.type(operand));
  const [{ dtype, shape }, { shape: keyShape }] = types as [(typeof types)[0], (typeof types)[0]];
  const [batch, heads, queries] = shape as readonly [number, number, number, number];
  const keys = keyShape[2] as number;
  const scores = SCORE_CHUNKS * lowering.threads * lowering.chunkElements;
  const cut = cutOf(batch * heads, queries, keys, scores);
  const steps = (batch * heads) / cut.heads;
  const ofStep = ({ shape: [, , rows, width] }: { readonly shape: Shape }): Shape => [
    1,
    cut.heads,
    rows as number,
    width as number,
  ];

  const inner = new GraphWriter(writer.fresh(call.composite));
  const inputs: string[] = [];
  const own = types.map((type, i) => {
    const each = ofStep(type);
    const name = inner.fresh(`operand${i}`);
    inner.input(name, { dtype, shape: each });
    const operand = lowering.anyShape(call.operands[i] as string).name;
    inputs.push(writer.node('Reshape', [operand, writer.integers([steps, ...each])]));
    return name;
  });
  const made =
    cut.blocks === 1
      ? writeBlock(call, inner, types.map(ofStep), own, lowering)
      : writeBlocks(call, inner, types.map(ofStep), own, cut.blocks, lowering);
  call.results.forEach(({ name }, i) => {
    inner.output(made[i] as string, { dtype, shape: ofStep(lowering.type(name)) });
  });
  const outputs = call.results.map(({ name }) => writer.fresh(name));
  writer.node('Scan', inputs, { body: inner, num_scan_inputs: inputs.length }, { outputs });
  call.results.forEach((result, i) => {
    const tensor = { name: outputs[i] as string, shape: [steps, ...ofStep(result)] };
    lowering.reshaped(result.name, tensor);
  });
}

/** As many heads as fit into the limit together; or, of one head, the fewest equal blocks that fit. */
function cutOf(heads: number, queries: number, keys: number, limit: number): Cut {
  const scores = queries * keys;
  for (let group = Math.min(heads, Math.floor(limit / scores)); group >= 1; group--) {
    if (heads % group === 0) return { heads: group, blocks: 1 };
  }
  // Where no divisor is near, blocks of a quarter would cost more than scores beyond the limit.
  const most = Math.ceil((4 * scores) / limit);
  for (let blocks = Math.ceil(scores / limit); blocks <= most; blocks++) {
    if (queries % blocks === 0) return { heads: 1, blocks };
  }
  return { heads: 1, blocks: 1 };
}

/** The composite's body on operands of these shapes. @returns the names of its results */
function writeBlock(
  call: Call,
  writer: GraphWriter,
  shapes: readonly Shape[],
  operands: readonly string[],
  lowering: Lowering,
): string[] {
  const body = bodyOf(call, shapes, lowering);
  const names = new Map(body.inputs.map(({ name }, i) => [name, operands[i] as string]));
  const lowered = lowerBody(body, writer, names, lowering);
  return body.outputs.map(({ value }) => lowered.use(value));
}

/** A Scan over blocks of queries: keys and values are read from outside, sums of cotangents handed on. */
function writeBlocks(
  call: Call,
  writer: GraphWriter,
  shapes: readonly Shape[],
  operands: readonly string[],
  blocks: number,
  lowering: Lowering,
): string[] {
  const { dtype } = lowering.type(call.operands[0] as string);
  const isWhole = (i: number): boolean => i === 1 || i === 2;
  const ofBlock = (shape: Shape): Shape =>
    shape.map((extent, axis) => (axis === 2 ? extent / blocks : extent));
  const own = shapes.map((shape, i) => (isWhole(i) ? shape : ofBlock(shape)));
  const inner = new GraphWriter(writer.fresh('block'));
  const sums = call.results.slice(1).map((_, i) => {
    const shape = shapes[i + 1] as Shape;
    const name = inner.fresh('sum');
    inner.input(name, { dtype, shape });
    const zero = writer.scalar(dtype, 0);
    return { name, shape, start: writer.node('Expand', [zero, writer.integers(shape)]) };
  });
  const scanned: string[] = [];
  const names = operands.map((operand, i) => {
    if (isWhole(i)) return operand;
    const name = inner.fresh(`operand${i}`);
    const shape = own[i] as Shape;
    inner.input(name, { dtype, shape });
    scanned.push(writer.node('Reshape', [operand, writer.integers([blocks, ...shape])]));
    return name;
  });
  const made = writeBlock(call, inner, own, names, lowering);
  sums.forEach(({ name, shape }, i) => {
    inner.output(inner.node('Add', [name, made[i + 1] as string]), { dtype, shape });
  });
  const first = ofBlock(shapes[0] as Shape);
  inner.output(made[0] as string, { dtype, shape: first });
  const outputs = [...sums.map(() => writer.fresh('sum')), writer.fresh('blocks')];
  const states = sums.map(({ start }) => start);
  const attributes = { body: inner, num_scan_inputs: scanned.length };
  writer.node('Scan', [...states, ...scanned], attributes, { outputs });
  const whole = writer.integers(shapes[0] as Shape);
  return [writer.node('Reshape', [outputs.at(-1) as string, whole]), ...outputs.slice(0, -1)];
}

/** The composite on operands of these shapes, as primitives around its softmax. */
function bodyOf(call: Call, shapes: readonly Shape[], lowering: Lowering): Program {
  const { dtype } = lowering.type(call.operands[0] as string);
  const operands = shapes.map((shape) => ({ dtype, shape }));
  const { program } = compositeNamed(call.composite).trace(operands, call.attributes);
  return simplify(expand(program, (composite) => composite === 'softmax'));
}

import { float, GraphWriter, MICROSOFT } from '../../../formats/onnx/graph-writer.js';
import type { Operation, Primitive, Shape } from '../../../spec/program/index.js';
import type { Compact, Lowering } from './lowering.js';

/** A product waits for its only user, which may scale it or add to it on the way. */
export function lowerMatmul(operation: Primitive<'matmul'>, lowering: Lowering): void {
  const [{ name }] = operation.results;
  lowering.defer(name, () => writeProduct(operation, operation, lowering, 1));
  if (lowering.userCount(name) !== 1) lowering.use(name);
}

/** a * b; where one is a waiting product and the other a number, the product takes the number in. */
export function lowerProduct(operation: Primitive<'mul'>, lowering: Lowering): void {
  const [a, b] = operation.operands as readonly [string, string];
  for (const [product, factor] of [
    [a, b],
    [b, a],
  ] as const) {
    const matmul = waitingProduct(product, lowering);
    const alpha = lowering.uniform(factor);
    if (matmul === undefined || alpha === undefined) continue;
    // The attribute is a 32-bit float.
    if (operation.results[0].dtype === 'f64' && Math.fround(alpha) !== alpha) continue;
    writeProduct(operation, matmul, lowering, alpha);
    return;
  }
  const operands = lowering.stretch(operation.operands, operation.results[0].shape);
  lowering.result(operation, 'Mul', operands);
}

/** a + b; where one is a waiting 2-D product, the other becomes the C of one Gemm. */
export function lowerAddition(operation: Primitive<'add'>, lowering: Lowering): void {
  const [a, b] = operation.operands as readonly [string, string];
  const { shape } = operation.results[0];
  for (const [product, addend] of [
    [a, b],
    [b, a],
  ] as const) {
    const matmul = waitingProduct(product, lowering);
    if (matmul === undefined || shape.length !== 2) continue;
    const c = lowering.compact(addend);
    // Writing the addend may have used the product.
    if (!lowering.isDeferred(product) || c.shape.length > 2) break;
    const [left, right] = matmul.operands as readonly [string, string];
    const inputs = [lowering.use(left), lowering.use(right), c.name];
    writePlane(operation, matmul, lowering, { inputs, addend: c });
    return;
  }
  const operands = lowering.stretch(operation.operands, shape);
  lowering.result(operation, 'Add', operands);
}

function waitingProduct(value: string, lowering: Lowering): Primitive<'matmul'> | undefined {
  const definition = lowering.definition(value);
  return definition?.op === 'matmul' && lowering.isDeferred(value) ? definition : undefined;
}

/** Writes alpha * a b as the result of `operation`. */
function writeProduct(
  operation: Operation,
  matmul: Primitive<'matmul'>,
  lowering: Lowering,
  alpha: number,
): void {
  const [a, b] = matmul.operands as readonly [string, string];
  const { dtype, shape } = matmul.results[0];
  const { transpose_a: transposeA, transpose_b: transposeB } = matmul.attributes;
  const inputs = [lowering.use(a), lowering.use(b)];
  if (shape.length === 2) {
    writePlane(operation, matmul, lowering, { inputs, alpha });
  } else if (!transposeA && !transposeB && alpha === 1) {
    lowering.result(operation, 'MatMul', inputs);
  } else if (!lowering.standardOnly && dtype === 'f32') {
    const attributes = { ...transposes(matmul), alpha: float(alpha) };
    lowering.result(operation, 'FusedMatMul', inputs, attributes, MICROSOFT);
  } else {
    const { writer } = lowering;
    const swapped = (input: string, swap: boolean): string =>
      swap ? writer.node('Transpose', [input], { perm: lastTwoSwapped(shape) }) : input;
    const operands = [
      swapped(inputs[0] as string, transposeA),
      swapped(inputs[1] as string, transposeB),
    ];
    if (alpha === 1) lowering.result(operation, 'MatMul', operands);
    else {
      const product = writer.node('MatMul', operands);
      lowering.result(operation, 'Mul', [product, writer.scalar(dtype, alpha)]);
    }
  }
}

interface Plane {
  /** The two factors, and the addend where there is one. */
  readonly inputs: readonly string[];
  readonly addend?: Compact;
  readonly alpha?: number;
}

/**
 * Writes a product of two matrices. One of many rows is a Scan over blocks of them: ONNX Runtime walks all rows of
 * the left matrix for each 128 columns of the right one, which is from main memory where they do not stay in the
 * cache (2,504 x 3,072 by 3,072 x 768, 1 thread of an AMD EPYC: 62 GFLOP/s, in blocks of 626 rows 75).
 */
function writePlane(
  operation: Operation,
  matmul: Primitive<'matmul'>,
  lowering: Lowering,
  plane: Plane,
): void {
  const { dtype, shape } = matmul.results[0];
  const [rows, columns] = shape as readonly [number, number];
  const blocks = matmul.attributes.transpose_a ? 1 : blockCount(rows, lowering.productRows);
  if (blocks === 1) {
    writeNode(lowering.writer, matmul, plane, lowering.resultNames(operation));
    return;
  }
  const { writer } = lowering;
  const each = rows / blocks;
  const inner = new GraphWriter(writer.fresh('rows'));
  const scanned: string[] = [];
  const byRows = (input: string, width: number): string => {
    const name = inner.fresh('block');
    inner.input(name, { dtype, shape: [each, width] });
    scanned.push(writer.node('Reshape', [input, writer.integers([blocks, each, width])]));
    return name;
  };
  const [left, right, addend] = plane.inputs as readonly [string, string, string?];
  const terms = lowering.type(matmul.operands[0] as string).shape[1] as number;
  const inputs = [byRows(left, terms), right];
  if (addend !== undefined) {
    const { shape: own } = plane.addend as Compact;
    const isStretched = own.length < 2 || own[0] === 1;
    inputs.push(isStretched ? addend : byRows(addend, own[1] as number));
  }
  const made = writeNode(inner, matmul, { ...plane, inputs }, [inner.fresh('product')]);
  inner.output(made, { dtype, shape: [each, columns] });
  const product = writer.node('Scan', scanned, { body: inner, num_scan_inputs: scanned.length });
  lowering.result(operation, 'Reshape', [product, writer.integers(shape)]);
}

function writeNode(
  writer: GraphWriter,
  matmul: Primitive<'matmul'>,
  { inputs, addend, alpha = 1 }: Plane,
  outputs: readonly string[],
): string {
  const attributes = transposes(matmul);
  const isPlain = attributes.transA + attributes.transB === 0 && alpha === 1;
  if (isPlain && addend === undefined) return writer.node('MatMul', inputs, {}, { outputs });
  return writer.node('Gemm', inputs, { ...attributes, alpha: float(alpha) }, { outputs });
}

/** The fewest equal blocks of at most so many rows; 1 where none of at least a quarter is there. */
function blockCount(rows: number, limit: number): number {
  for (let blocks = Math.ceil(rows / limit); 4 * rows >= blocks * limit; blocks++) {
    if (rows % blocks === 0) return blocks;
  }
  return 1;
}

function transposes(matmul: Primitive<'matmul'>): { transA: number; transB: number } {
  const { transpose_a: transposeA, transpose_b: transposeB } = matmul.attributes;
  return { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 };
}

function lastTwoSwapped(shape: Shape): number[] {
  const axes = shape.map((_, axis) => axis);
  return [...axes.slice(0, -2), ...axes.slice(-2).reverse()];
}

import { float, MICROSOFT } from '../../../formats/onnx/graph-writer.js';
import type { Operation, Primitive, Shape } from '../../../spec/program/index.js';
import type { Lowering } from './lowering.js';
import { transposes, writePlane } from './plane.js';

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

function lastTwoSwapped(shape: Shape): number[] {
  const axes = shape.map((_, axis) => axis);
  return [...axes.slice(0, -2), ...axes.slice(-2).reverse()];
}

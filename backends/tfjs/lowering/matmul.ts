import type { Primitive, Shape } from '../../../spec/program/index.js';
import type { TfTensor } from '../library/tfjs.js';
import type { Lowering } from './lowering.js';

/** A product waits for its only user, which may add a bias to it. */
export function lowerMatmul(operation: Primitive<'matmul'>, lowering: Lowering): void {
  const [{ name }] = operation.results;
  lowering.wait(name, () => writeProduct(operation, lowering, name));
  if (lowering.userCount(name) !== 1) lowering.use(name);
}

/** a + b; where one is a waiting product and the other one number a column, they are one call. */
export function lowerAddition(operation: Primitive<'add'>, lowering: Lowering): void {
  const [a, b] = operation.operands as readonly [string, string];
  const [{ name, shape, dtype }] = operation.results;
  for (const [product, addend] of [
    [a, b],
    [b, a],
  ] as const) {
    const matmul = lowering.definition(product);
    if (matmul?.op !== 'matmul' || !lowering.isWaiting(product) || dtype !== 'f32') continue;
    if (!lowering.fuseBias || shape.length !== 2) continue;
    if (!isColumnBias(addend, shape, lowering)) continue;
    const bias = lowering.compact(addend).name;
    // Writing the addend may have used the product.
    if (!lowering.isWaiting(product)) break;
    writeProduct(matmul, lowering, name, bias);
    return;
  }
  const operands = lowering.stretch([a, b], shape);
  lowering.step(name, operands, (tf, [left, right]) => tf.add(left as TfTensor, right as TfTensor));
}

function isColumnBias(value: string, shape: Shape, lowering: Lowering): boolean {
  const definition = lowering.definition(value);
  if (definition?.op !== 'broadcast' || !lowering.isWaiting(value)) return false;
  const own = lowering.type(definition.operands[0] as string).shape;
  return own.length === 1 && own[0] === shape.at(-1);
}

/**
 * Writes a b (+ bias) as `result`. TensorFlow.js multiplies matrices of rank 2 and 3 on every
 * backend; more batch axes are taken together, which moves nothing.
 */
function writeProduct(
  operation: Primitive<'matmul'>,
  lowering: Lowering,
  result: string,
  bias?: string,
): void {
  const { transpose_a: transposeA, transpose_b: transposeB } = operation.attributes;
  const [left, right] = operation.operands.map((name) => lowering.use(name)) as [string, string];
  const { shape } = lowering.type(operation.results[0].name);
  if (bias !== undefined) {
    lowering.step(result, [left, right, bias], (tf, [a, b, c]) =>
      tf.fused.matMul({
        a: a as TfTensor,
        b: b as TfTensor,
        bias: c as TfTensor,
        transposeA,
        transposeB,
      }),
    );
    return;
  }
  if (shape.length <= 3) {
    lowering.step(result, [left, right], (tf, [a, b]) =>
      tf.matMul(a as TfTensor, b as TfTensor, transposeA, transposeB),
    );
    return;
  }
  const [a, b] = [left, right].map((name) => flatBatch(name, lowering)) as [string, string];
  const product = lowering.temporary([a, b], (tf, [x, y]) =>
    tf.matMul(x as TfTensor, y as TfTensor, transposeA, transposeB),
  );
  lowering.step(result, [product], (tf, [x]) => tf.reshape(x as TfTensor, [...shape]));
}

/** The matrices of the last two axes, one after the other. */
function flatBatch(name: string, lowering: Lowering): string {
  const { shape } = lowering.type(name);
  const matrices = shape.slice(0, -2).reduce((product, extent) => product * extent, 1);
  const flat = [matrices, ...shape.slice(-2)];
  return lowering.temporary([name], (tf, [x]) => tf.reshape(x as TfTensor, flat));
}

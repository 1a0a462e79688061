import { float, GraphWriter } from '../../../formats/onnx/graph-writer.js';
import type { Operation, Primitive } from '../../../spec/program/index.js';
import type { Compact, Lowering } from './lowering.js';

export interface Plane {
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
export function writePlane(
  operation: Operation,
  matmul: Primitive<'matmul'>,
  lowering: Lowering,
  plane: Plane,
): void {
  const { dtype, shape } = matmul.results[0];
  const [rows, columns] = shape as readonly [number, number];
  const terms = termsOf(matmul, lowering);
  if (writeTurned(operation, matmul, lowering, plane)) return;
  const blocks = matmul.attributes.transpose_a ? 1 : blockCount(rows, lowering.productRows);
  if (blocks === 1) {
    writeNode(lowering.writer, transposes(matmul), plane, lowering.resultNames(operation));
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
  const inputs = [byRows(left, terms), right];
  if (addend !== undefined) {
    const { shape: held } = plane.addend as Compact;
    const isStretched = held.length < 2 || held[0] === 1;
    inputs.push(isStretched ? addend : byRows(addend, held[1] as number));
  }
  const own = transposes(matmul);
  const made = writeNode(inner, own, { ...plane, inputs }, [inner.fresh('product')]);
  inner.output(made, { dtype, shape: [each, columns] });
  const product = writer.node('Scan', scanned, { body: inner, num_scan_inputs: scanned.length });
  lowering.result(operation, 'Reshape', [product, writer.integers(shape)]);
}

function writeNode(
  writer: GraphWriter,
  attributes: Transposes,
  { inputs, addend, alpha = 1 }: Plane,
  outputs: readonly string[],
): string {
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

/** The terms of each sum. */
function termsOf(matmul: Primitive<'matmul'>, lowering: Lowering): number {
  const [rows = 1, columns = 1] = lowering.type(matmul.operands[0] as string).shape;
  return matmul.attributes.transpose_a ? rows : columns;
}

/**
 * Writes a gradient of a weight, x^T y, of long sums without a transposed left operand on a CPU; false where it is none. ONNX Runtime
 * transposes rows of x anew for each 128 columns of y, so beforehand is faster where y has no fewer columns than x. Where
 * x has far more, its own transpose takes long (rows of 12 KB share a cache's places), and y^T x is made in its place and
 * turned. 1 and 2 threads of a Xeon with AVX-512, ms, 2,504 terms: 768 x 3,072 132 and 52 as it was, 97 and 48 with x
 * transposed; 3,072 x 768 117 and 72, 132 and 54 with x, 99 and 51 with the product. Of 320 terms a step of ViT-B
 * gained nothing.
 */
function writeTurned(
  operation: Operation,
  matmul: Primitive<'matmul'>,
  lowering: Lowering,
  plane: Plane,
): boolean {
  const { transpose_a: transposeA, transpose_b: transposeB } = matmul.attributes;
  const isGradient = transposeA && !transposeB;
  if (!isGradient || termsOf(matmul, lowering) < lowering.turnedFrom) return false;
  const [rows, columns] = matmul.results[0].shape as readonly [number, number];
  const [left, right, ...addend] = plane.inputs as readonly [string, string, ...string[]];
  const { writer } = lowering;
  if (rows <= columns) {
    const inputs = [writer.node('Transpose', [left], TURN), right, ...addend];
    writeNode(writer, PLAIN, { ...plane, inputs }, lowering.resultNames(operation));
    return true;
  }
  const isWide = rows >= 4 * columns && columns >= TURNED_COLUMNS;
  if (!isWide || plane.addend !== undefined) return false;
  const inputs = [writer.node('Transpose', [right], TURN), left];
  const made = writeNode(writer, PLAIN, { ...plane, inputs }, [writer.fresh('turned')]);
  writer.node('Transpose', [made], TURN, { outputs: lowering.resultNames(operation) });
  return true;
}

/** Of fewer columns, turning a product takes no less than it saves. */
const TURNED_COLUMNS = 384;
const TURN = { perm: [1, 0] };

export interface Transposes {
  readonly transA: number;
  readonly transB: number;
}

const PLAIN: Transposes = { transA: 0, transB: 0 };

export function transposes(matmul: Primitive<'matmul'>): Transposes {
  const { transpose_a: transposeA, transpose_b: transposeB } = matmul.attributes;
  return { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 };
}

import { create } from '@bufbuild/protobuf';
import {
  TensorProto_DataType,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../../formats/onnx/onnx_pb.js';
import type { OnnxFile } from '../../formats/onnx/onnx-file.js';
import { LacunaError } from '../../spec/errors.js';
import { type Subgraph, subgraph } from './onnx-subgraph.js';

/** One tower within an ONNX file, which may hold both. */
export interface TowerGraph {
  readonly part: Subgraph;
  readonly inputs: readonly ValueInfoProto[];
  readonly output: ValueInfoProto;
}

/**
 * The part of a file that gives the first of `outputs` that it has.
 *
 * @throws LacunaError if it has none of them, or needs other inputs than `inputs`.
 */
export function towerGraph(
  { path, graph }: OnnxFile,
  outputs: readonly string[],
  inputs: readonly string[],
): TowerGraph {
  const named = outputs.map((name) => graph.output.find((each) => each.name === name));
  const output = named.find((each) => each !== undefined);
  if (output === undefined) {
    throw new LacunaError({
      where: path,
      what: 'the file does not give the embedding that is needed',
      got: `outputs ${names(graph.output)}`,
      expected: outputs.join(' or '),
      fix: 'It must have been exported with its projection (in transformers: ...WithProjection).',
    });
  }
  const part = subgraph(graph, [output.name], new Set());
  const taken = graph.input.filter(({ name }) => part.free.has(name));
  const strange = [...part.free].filter((name) => !inputs.includes(name));
  if (strange.length > 0 || taken.length < part.free.size || taken[0] === undefined) {
    throw new LacunaError({
      where: path,
      what: 'the graph does not take what a tower takes',
      got: `${output.name} from ${[...part.free].slice(0, 8).join(', ') || 'nothing'}`,
      expected: inputs.join(' and '),
    });
  }
  return { part, inputs: taken, output };
}

/**
 * Checks what the file says about a value's element type and shape; a size that it leaves open
 * passes, and so does any where `expected` has undefined.
 *
 * @throws LacunaError where they differ.
 */
export function checkValue(
  { path }: OnnxFile,
  value: ValueInfoProto,
  types: readonly TensorProto_DataType[],
  expected: readonly (number | undefined)[],
): void {
  const tensor = value.type?.value.case === 'tensorType' ? value.type.value.value : undefined;
  if (tensor === undefined || !types.includes(tensor.elemType)) {
    throw new LacunaError({
      where: `${path}, ${value.name}`,
      what: 'a value has another element type than is needed',
      got: TensorProto_DataType[tensor?.elemType ?? 0] ?? `type ${tensor?.elemType}`,
      expected: types.map((type) => TensorProto_DataType[type]).join(' or '),
      fix: 'Use the full precision conversion.',
    });
  }
  const dims = sizesOf(value);
  if (dims === undefined) return;
  const fits = (dim: number | undefined, i: number): boolean =>
    dim === undefined || expected[i] === undefined || dim === expected[i];
  if (dims.length === expected.length && dims.every(fits)) return;
  throw disagreement(`${path}, ${value.name}`, shown(dims), shown(expected));
}

/** Sizes that a file gives for a value, undefined where open; undefined if not even their number. */
export function sizesOf(value: ValueInfoProto): readonly (number | undefined)[] | undefined {
  if (value.type?.value.case !== 'tensorType') return undefined;
  return value.type.value.value.shape?.dim.map(({ value: dim }) =>
    dim.case === 'dimValue' && dim.value > 0n ? Number(dim.value) : undefined,
  );
}

export function disagreement(where: string, got: string, expected: string): LacunaError {
  return new LacunaError({
    where,
    what: 'the graph does not agree with config.json',
    got,
    expected,
    fix: 'Fetch config.json and the ONNX files from the same repository.',
  });
}

/** A declaration of a float32 value of any shape. */
export function anyFloats(name: string): ValueInfoProto {
  const tensor = { elemType: TensorProto_DataType.FLOAT };
  const type = { value: { case: 'tensorType' as const, value: tensor } };
  return create(ValueInfoProtoSchema, { name, type });
}

function shown(dims: readonly (number | undefined)[]): string {
  return `[${dims.map((dim) => dim ?? 'any').join(', ')}]`;
}

function names(values: readonly ValueInfoProto[]): string {
  return values
    .slice(0, 8)
    .map(({ name }) => name.slice(0, 40))
    .join(', ');
}

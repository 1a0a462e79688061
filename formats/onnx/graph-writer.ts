import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { HostData } from '../../core/backend.js';
import type { DType, Shape, TensorType } from '../../spec/program/index.js';
import { ELEMENT_TYPES } from './element-type.js';
import {
  type AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProtoSchema,
  TensorProto_DataType,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from './onnx_pb.js';

/** The operator set that standard operators are taken from, and the file format's version. */
export const OPSET = 21;
export const IR_VERSION = 10;
/** The domain of ONNX Runtime's own operators. */
export const MICROSOFT = 'com.microsoft';

/** Integers become INT or INTS; wrap a number in `float` to write FLOAT. */
export type NodeAttribute = number | string | readonly number[] | Float | GraphWriter;

interface Float {
  readonly float: number;
}

export function float(value: number): Float {
  return { float: value };
}

interface NodeOptions {
  /** Names of the outputs; one fresh name by default. */
  readonly outputs?: readonly string[];
  readonly domain?: string;
}

type Init<T extends Parameters<typeof create>[0]> = MessageInitShape<T>;

/** Writes down one ONNX graph, node by node, in order. It knows nothing of programs. */
export class GraphWriter {
  readonly name: string;
  readonly #nodes: Init<typeof NodeProtoSchema>[] = [];
  readonly #initializers: Init<typeof TensorProtoSchema>[] = [];
  readonly #inputs: Init<typeof ValueInfoProtoSchema>[] = [];
  readonly #outputs: Init<typeof ValueInfoProtoSchema>[] = [];
  readonly #shared = new Map<string, string>();
  readonly #domains = new Set<string>();
  readonly #used = new Set<string>();
  #count = 0;

  constructor(name: string) {
    this.name = name;
  }

  get nodeCount(): number {
    return this.#nodes.length;
  }

  /** A name that no value of a program has: those hold no slash. */
  fresh(hint: string): string {
    this.#count += 1;
    return `${this.name}/${hint}_${this.#count}`;
  }

  input(name: string, type: TensorType): void {
    this.#inputs.push(valueInfo(name, type));
  }

  output(name: string, type: TensorType): void {
    this.#outputs.push(valueInfo(name, type));
  }

  /** Declares an output that is a sequence of tensors, before the others. */
  firstOutputSequence(name: string, dtype: DType): void {
    const elemType = valueInfo('', { dtype, shape: [] }).type;
    this.#outputs.unshift({ name, type: { value: { case: 'sequenceType', value: { elemType } } } });
  }

  /** Adds a node and returns the name of its first output. Trailing inputs may be '' (absent). */
  node(
    opType: string,
    input: readonly string[],
    attributes: Readonly<Record<string, NodeAttribute>> = {},
    { outputs = [this.fresh(opType)], domain = '' }: NodeOptions = {},
  ): string {
    if (domain !== '') this.#domains.add(domain);
    for (const name of input) this.#used.add(name);
    this.#nodes.push({
      name: outputs.find((name) => name !== '') ?? opType,
      opType,
      domain,
      input: [...input],
      output: [...outputs],
      attribute: Object.entries(attributes).map(([name, value]) => this.#attribute(name, value)),
    });
    return outputs[0] ?? '';
  }

  /** A literal tensor; equal ones are shared. */
  literal(dtype: DType | 'i64', shape: Shape, data: readonly number[]): string {
    const key = `${dtype}[${shape}]${data.map((x) => (Object.is(x, -0) ? '-0' : x))}`;
    let name = this.#shared.get(key);
    if (name === undefined) {
      name = this.fresh('literal');
      this.#shared.set(key, name);
      this.#initializers.push(literalProto(name, dtype, shape, data));
    }
    return name;
  }

  /** A vector of 64-bit integers, as ONNX wants for shapes and axes. */
  integers(data: readonly number[]): string {
    return this.literal('i64', [data.length], data);
  }

  scalar(dtype: DType | 'i64', value: number): string {
    return this.literal(dtype, [], [value]);
  }

  /** A named tensor inside the file: a weight. */
  initializer(name: string, { dtype, shape }: TensorType, data: HostData): void {
    this.#initializers.push({
      name,
      dims: shape.map(BigInt),
      dataType: ELEMENT_TYPES[dtype].onnx,
      rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    });
  }

  /** The file: a model of this graph alone. */
  encode(metadata: Readonly<Record<string, string>> = {}): Uint8Array {
    return toBinary(ModelProtoSchema, this.model(metadata));
  }

  /** What `encode` writes. */
  model(metadata: Readonly<Record<string, string>> = {}): ModelProto {
    const domains = [...this.#domains].map((domain) => ({ domain, version: 1n }));
    return create(ModelProtoSchema, {
      irVersion: BigInt(IR_VERSION),
      opsetImport: [{ domain: '', version: BigInt(OPSET) }, ...domains],
      producerName: 'lacuna',
      graph: this.#graph(),
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    });
  }

  #graph(): Init<typeof GraphProtoSchema> {
    return {
      name: this.name,
      node: this.#nodes,
      // A rule may write a literal that its neighbour then takes in as an attribute.
      initializer: this.#initializers.filter(({ name }) => this.#used.has(name ?? '')),
      input: this.#inputs,
      output: this.#outputs,
    };
  }

  #attribute(name: string, value: NodeAttribute): Init<typeof AttributeProtoSchema> {
    if (typeof value === 'number') return { name, type: AttributeType.INT, i: BigInt(value) };
    if (typeof value === 'string') {
      return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
    }
    if (value instanceof GraphWriter) {
      for (const domain of value.#domains) this.#domains.add(domain);
      for (const name of value.#used) this.#used.add(name);
      return { name, type: AttributeType.GRAPH, g: value.#graph() };
    }
    if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float };
    return { name, type: AttributeType.INTS, ints: value.map(BigInt) };
  }
}

function valueInfo(name: string, { dtype, shape }: TensorType): Init<typeof ValueInfoProtoSchema> {
  const dim = shape.map((extent) => ({
    value: { case: 'dimValue' as const, value: BigInt(extent) },
  }));
  const tensor = { elemType: ELEMENT_TYPES[dtype].onnx, shape: { dim } };
  return { name, type: { value: { case: 'tensorType', value: tensor } } };
}

function literalProto(
  name: string,
  dtype: DType | 'i64',
  shape: Shape,
  data: readonly number[],
): Init<typeof TensorProtoSchema> {
  const dims = shape.map(BigInt);
  if (dtype === 'i64') {
    const rawData = new Uint8Array(BigInt64Array.from(data.map(BigInt)).buffer);
    return { name, dims, dataType: TensorProto_DataType.INT64, rawData };
  }
  const elements = ELEMENT_TYPES[dtype].allocate(data.length);
  elements.set(data);
  const rawData = new Uint8Array(elements.buffer);
  return { name, dims, dataType: ELEMENT_TYPES[dtype].onnx, rawData };
}

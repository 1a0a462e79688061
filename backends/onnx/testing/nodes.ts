import { fromBinary } from '@bufbuild/protobuf';
import { type GraphProto, ModelProtoSchema } from '../../../formats/onnx/onnx_pb.js';

/** The graph of an encoded model. */
export function graphOf(model: Uint8Array): GraphProto {
  const { graph } = fromBinary(ModelProtoSchema, model);
  if (graph === undefined) throw new Error('the model has no graph');
  return graph;
}

/** The operators of a graph and its subgraphs, in order, `domain::name` outside the standard. */
export function operatorsOf(graph: GraphProto): string[] {
  return graph.node.flatMap(({ domain, opType, attribute }) => [
    domain === '' ? opType : `${domain}::${opType}`,
    ...attribute.flatMap(({ g }) => (g === undefined ? [] : operatorsOf(g))),
  ]);
}

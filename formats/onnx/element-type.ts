import type { HostData } from '../../core/backend.js';
import type { DType } from '../../spec/program/index.js';
import { TensorProto_DataType } from './onnx_pb.js';

/** What an element type is called in ONNX files, in ONNX Runtime's JavaScript API, and its bytes. */
export interface ElementType {
  readonly onnx: TensorProto_DataType;
  readonly runtime: 'float64' | 'float32' | 'float16' | 'int32' | 'uint8' | 'bool' | undefined;
  readonly allocate: (count: number) => HostData;
}

export const ELEMENT_TYPES: { readonly [D in DType]: ElementType } = {
  f64: {
    onnx: TensorProto_DataType.DOUBLE,
    runtime: 'float64',
    allocate: (count) => new Float64Array(count),
  },
  f32: {
    onnx: TensorProto_DataType.FLOAT,
    runtime: 'float32',
    allocate: (count) => new Float32Array(count),
  },
  f16: {
    onnx: TensorProto_DataType.FLOAT16,
    runtime: 'float16',
    allocate: (count) => new Uint16Array(count),
  },
  // ONNX Runtime's JavaScript tensors have no bfloat16, so it can be neither an input nor an output.
  bf16: {
    onnx: TensorProto_DataType.BFLOAT16,
    runtime: undefined,
    allocate: (count) => new Uint16Array(count),
  },
  i32: {
    onnx: TensorProto_DataType.INT32,
    runtime: 'int32',
    allocate: (count) => new Int32Array(count),
  },
  u8: {
    onnx: TensorProto_DataType.UINT8,
    runtime: 'uint8',
    allocate: (count) => new Uint8Array(count),
  },
  bool: {
    onnx: TensorProto_DataType.BOOL,
    runtime: 'bool',
    allocate: (count) => new Uint8Array(count),
  },
};

import type { Tensor } from 'onnxruntime-node';
import type { HostData } from '../../../core/backend.js';
import type { HeldTensor } from '../../../core/held-tensor.js';
import { ELEMENT_TYPES } from '../../../formats/onnx/element-type.js';
import type { OnnxRuntime } from '../../../formats/onnx/runtime.js';
import { LacunaError } from '../../../spec/errors.js';
import { formatType, type TensorType } from '../../../spec/program/index.js';

/** A tensor in ONNX Runtime's reach: CPU memory that JavaScript sees too. */
export type OnnxTensor = HeldTensor<HostData>;

/** Wraps host memory as a tensor of ONNX Runtime, without a copy. */
export function runtimeTensor(
  runtime: OnnxRuntime,
  { dtype, shape }: TensorType,
  data: HostData,
): Tensor {
  const { runtime: name } = ELEMENT_TYPES[dtype];
  if (name === undefined) {
    throw new LacunaError({
      where: 'onnx',
      what: `inputs and outputs of type ${dtype} are not supported`,
      got: formatType({ dtype, shape }),
      fix: 'Cast inside the program, and pass f32.',
    });
  }
  return new runtime.Tensor(name, data as Float32Array, shape) as Tensor;
}

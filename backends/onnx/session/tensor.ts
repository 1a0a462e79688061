import type { Tensor } from 'onnxruntime-node';
import type { DeviceTensor, HostData } from '../../../core/backend.js';
import { ELEMENT_TYPES } from '../../../formats/onnx/element-type.js';
import type { OnnxRuntime } from '../../../formats/onnx/runtime.js';
import { LacunaError } from '../../../spec/errors.js';
import { formatType, type TensorType } from '../../../spec/program/index.js';

/** A tensor in ONNX Runtime's reach: CPU memory that JavaScript sees too. */
export class OnnxTensor implements DeviceTensor {
  readonly dtype: TensorType['dtype'];
  readonly shape: TensorType['shape'];
  readonly owner: LiveTensors;
  #data: HostData | undefined;
  #end: 'released' | 'donated' | undefined;

  constructor({ dtype, shape }: TensorType, data: HostData, owner: LiveTensors) {
    this.dtype = dtype;
    this.shape = shape;
    this.owner = owner;
    this.#data = data;
    owner.add(this);
  }

  /** @throws LacunaError after release or donation. */
  get data(): HostData {
    if (this.#data === undefined) {
      throw new LacunaError({
        where: 'onnx',
        what: `the tensor ${formatType(this)} was ${this.#end} and cannot be used again`,
      });
    }
    return this.#data;
  }

  /** Ends the tensor; its memory is free for another use. */
  end(how: 'released' | 'donated'): void {
    this.#data = undefined;
    this.#end ??= how;
    this.owner.delete(this);
  }
}

/** The tensors of one backend that were made and neither released nor donated. */
export type LiveTensors = Set<OnnxTensor>;

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

import type { Tensor } from 'onnxruntime-node';
import type { DeviceTensor, HostData } from '../../../core/backend.js';
import { LacunaError } from '../../../spec/errors.js';
import { formatType, type TensorType } from '../../../spec/program/index.js';
import { ELEMENT_TYPES } from '../model/element-type.js';
import type { Runtime } from './runtime.js';

/** A tensor in ONNX Runtime's reach: CPU memory that JavaScript sees too. */
export class OnnxTensor implements DeviceTensor {
  readonly dtype: TensorType['dtype'];
  readonly shape: TensorType['shape'];
  readonly owner: LiveTensors;
  #tensor: Tensor | undefined;
  #end: 'released' | 'donated' | undefined;

  constructor({ dtype, shape }: TensorType, tensor: Tensor, owner: LiveTensors) {
    this.dtype = dtype;
    this.shape = shape;
    this.owner = owner;
    this.#tensor = tensor;
    owner.add(this);
  }

  /** @throws LacunaError after release or donation. */
  get tensor(): Tensor {
    if (this.#tensor === undefined) {
      throw new LacunaError({
        where: 'onnx',
        what: `the tensor ${formatType(this)} was ${this.#end} and cannot be used again`,
      });
    }
    return this.#tensor;
  }

  get data(): HostData {
    return this.tensor.data as HostData;
  }

  /** Ends the tensor; its memory is free for another use. */
  end(how: 'released' | 'donated'): void {
    this.#tensor = undefined;
    this.#end ??= how;
    this.owner.delete(this);
  }
}

/** The tensors of one backend that were made and neither released nor donated. */
export type LiveTensors = Set<OnnxTensor>;

/** Wraps host memory, zeros by default, as a tensor of ONNX Runtime without a copy. */
export function makeTensor(runtime: Runtime, type: TensorType, data?: HostData): Tensor {
  const { runtime: name, allocate } = ELEMENT_TYPES[type.dtype];
  if (name === undefined) {
    throw new LacunaError({
      where: 'onnx',
      what: `inputs and outputs of type ${type.dtype} are not supported`,
      got: formatType(type),
      fix: 'Cast inside the program, and pass f32.',
    });
  }
  const elements = data ?? allocate(type.shape.reduce((product, extent) => product * extent, 1));
  return new runtime.Tensor(name, elements as Float32Array, type.shape) as Tensor;
}

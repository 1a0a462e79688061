import type { DeviceTensor } from '../../core/backend.js';
import { LacunaError } from '../../spec/errors.js';
import { formatType, type TensorType } from '../../spec/program/index.js';
import type { TfTensor } from './library/tfjs.js';

/** A tensor that TensorFlow holds. */
export class TfjsTensor implements DeviceTensor {
  readonly dtype: TensorType['dtype'];
  readonly shape: TensorType['shape'];
  readonly owner: LiveTensors;
  #held: TfTensor | undefined;
  #end: 'released' | 'donated' | undefined;

  constructor({ dtype, shape }: TensorType, held: TfTensor, owner: LiveTensors) {
    this.dtype = dtype;
    this.shape = shape;
    this.owner = owner;
    this.#held = held;
    owner.add(this);
  }

  /** @throws LacunaError after release or donation. */
  get held(): TfTensor {
    if (this.#held === undefined) {
      throw new LacunaError({
        where: 'tfjs',
        what: `the tensor ${formatType(this)} was ${this.#end} and cannot be used again`,
      });
    }
    return this.#held;
  }

  /** Ends the tensor and frees its memory; idempotent. */
  end(how: 'released' | 'donated'): void {
    this.#held?.dispose();
    this.#held = undefined;
    this.#end ??= how;
    this.owner.delete(this);
  }
}

/** The tensors of one backend that were made and neither released nor donated. */
export type LiveTensors = Set<TfjsTensor>;

import type { HostTensor } from '../../core/backend.js';
import { LacunaError } from '../../spec/errors.js';
import { elementCount, type TensorType } from '../../spec/program/index.js';
import { RandomStream } from '../../spec/random/index.js';
import { REGIMES, type Regime } from './regimes.js';

/** Which data a tensor holds: a regime, and the address of its draws. */
export interface DataOptions {
  readonly regime: Regime;
  readonly draw: number;
  /** Tells the tensors of one case apart. */
  readonly replicate: number;
  /** Changes each float, for functions that are not defined everywhere. @defaultValue unchanged */
  readonly domain?: (x: number) => number;
  /** The integers are in [0, below). @defaultValue 5 for i32, 256 for u8, 2 for bool */
  readonly below?: number;
}

/** A tensor of the type with data of the regime; floats are float32 numbers. */
export function makeTensor(type: TensorType, options: DataOptions): HostTensor {
  const { regime, draw, replicate, domain = (x: number): number => x } = options;
  const stream = new RandomStream({ seed: draw, stream: 'test', replicate });
  const { dtype, shape } = type;
  const length = elementCount(shape);
  switch (dtype) {
    case 'f32':
    case 'f64': {
      const data = Array.from({ length }, () => domain(Math.fround(REGIMES[regime](stream))));
      const container = dtype === 'f32' ? Float32Array : Float64Array;
      return { dtype, shape, data: container.from(data) };
    }
    case 'i32':
      return {
        dtype,
        shape,
        data: Int32Array.from({ length }, () => stream.integer(options.below ?? 5)),
      };
    case 'u8':
    case 'bool': {
      const below = options.below ?? (dtype === 'u8' ? 256 : 2);
      return { dtype, shape, data: Uint8Array.from({ length }, () => stream.integer(below)) };
    }
    default:
      throw new LacunaError({ what: 'no data are generated for this type', got: dtype });
  }
}

/** |x|, and 1 for 0: for logarithms and denominators that stay positive. */
export function positive(x: number): number {
  return x === 0 ? 1 : Math.abs(x);
}

/** 1 for 0: for denominators. */
export function nonzero(x: number): number {
  return x === 0 ? 1 : x;
}

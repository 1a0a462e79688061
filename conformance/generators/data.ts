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
  /** The integers are in [0, below). @defaultValue 256 for u8, 2 for bool; for i32 any, few different ones */
  readonly below?: number;
}

/** A tensor of the type with data of the regime; floats are float32 numbers. */
export function makeTensor(type: TensorType, options: DataOptions): HostTensor {
  const { regime, draw: seed, replicate, domain = (x: number): number => x } = options;
  const stream = new RandomStream({ seed, stream: 'test', replicate });
  const { dtype, shape } = type;
  const length = elementCount(shape);
  switch (dtype) {
    case 'f32':
    case 'f64': {
      const data = dtype === 'f32' ? new Float32Array(length) : new Float64Array(length);
      const draw = REGIMES[regime];
      for (let i = 0; i < length; i++) data[i] = domain(Math.fround(draw(stream)));
      return { dtype, shape, data };
    }
    case 'i32':
      return {
        dtype,
        shape,
        data: Int32Array.from({ length }, () => wholeNumber(stream, options.below)),
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

/** Where integers lose bits, change their sign or are taken for floats; neighbours among them. */
const EDGES = [
  ...[2 ** 15, 2 ** 16, 2 ** 24, 2 ** 30, 2 ** 31 - 2].flatMap((x) => [x, x + 1, -x, -x - 1]),
  -(2 ** 31),
];

function wholeNumber(stream: RandomStream, below: number | undefined): number {
  if (below !== undefined) return stream.integer(below);
  return stream.integer(8) < 5
    ? stream.integer(5) - 2
    : (EDGES[stream.integer(EDGES.length)] as number);
}

/** |x|, and 1 for 0: for logarithms and denominators that stay positive. */
export function positive(x: number): number {
  return x === 0 ? 1 : Math.abs(x);
}

/** 1 for 0: for denominators. */
export function nonzero(x: number): number {
  return x === 0 ? 1 : x;
}

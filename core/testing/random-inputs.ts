import {
  type DType,
  elementCount,
  type Program,
  type ProgramInput,
} from '../../spec/program/index.js';
import type { HostData, HostTensor, Named } from '../backend.js';
import { Choices } from './choices.js';

export interface RandomInputsOptions {
  /** Leave out infinities, NaN and values far from 1. @defaultValue false */
  readonly tame?: boolean;
}

/**
 * A tensor for each input of a program, made of choices: ties, zeros of both signs and values of
 * many sizes are common. All floats are exact in f32 and come as Float64Array for f64, else as
 * Float32Array (f16 and bf16 as bit patterns).
 */
export function randomInputs(
  program: Program,
  list: readonly number[],
  { tame = false }: RandomInputsOptions = {},
): Named<HostTensor> {
  const choices = new Choices(list);
  const values = tame ? TAME : [...TAME, ...WILD];
  return Object.fromEntries(
    program.inputs.map((input) => [input.name, randomTensor(input, choices, values)]),
  );
}

const TAME = [0, 1, -1, 0.5, -0.25, 2, 3, -1.5, 0.125, -0, -3, 1.25, 0.0625, -2.75, 1.5, 0.75];
const WILD = [
  1e-30,
  -1e-30,
  1e30,
  -1e30,
  65504,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
].map(Math.fround);

function randomTensor(
  { dtype, shape }: ProgramInput,
  choices: Choices,
  values: readonly number[],
): HostTensor {
  const data = allocate(dtype, elementCount(shape));
  // A short list still gives distinct elements.
  for (let i = 0; i < data.length; i++)
    data[i] = element(dtype, choices.below(1000) + 7 * i, values);
  return { dtype, shape, data };
}

function allocate(dtype: DType, count: number): HostData {
  switch (dtype) {
    case 'f64':
      return new Float64Array(count);
    case 'f32':
      return new Float32Array(count);
    case 'f16':
    case 'bf16':
      return new Uint16Array(count);
    case 'i32':
      return new Int32Array(count);
    case 'u8':
    case 'bool':
      return new Uint8Array(count);
    default:
      return dtype satisfies never;
  }
}

function element(dtype: DType, choice: number, values: readonly number[]): number {
  switch (dtype) {
    case 'f64':
    case 'f32':
      return values[choice % values.length] as number;
    case 'f16':
      return ((choice * 977) & 0x83ff) | 0x3c00; // within [1, 2) or (-2, -1]
    case 'bf16':
      return ((choice * 977) & 0x807f) | 0x3f80;
    case 'i32':
      return (choice % 23) - 7;
    case 'u8':
      return (choice * 31) % 256;
    case 'bool':
      return choice % 2;
    default:
      return dtype satisfies never;
  }
}

import type { HostTensor } from '../../core/backend.js';
import { LacunaError } from '../../spec/index.js';

/**
 * The numbers of a tensor in float32: f16 and bf16 become it exactly, f64 is rounded.
 * @throws LacunaError for a tensor of integers: it holds no weights.
 */
export function floatsOf({ dtype, data }: HostTensor, where: string): Float32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof Float64Array) return Float32Array.from(data);
  if (dtype === 'f16') return Float32Array.from(data, (bits) => fromHalf(Number(bits)));
  if (dtype === 'bf16') {
    const bits = Uint32Array.from(data, (upper) => Number(upper) << 16);
    return new Float32Array(bits.buffer);
  }
  throw new LacunaError({
    where,
    what: 'this tensor has no floating-point numbers, so it cannot be a weight',
    got: dtype,
    expected: 'F32, F16, BF16 or F64',
    fix: 'Quantised weights cannot be trained on: take the model as it was before.',
  });
}

/** IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction. */
function fromHalf(bits: number): number {
  const sign = bits >= 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

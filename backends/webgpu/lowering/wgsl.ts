import { LacunaError } from '../../../spec/errors.js';
import type { DType } from '../../../spec/program/index.js';

/** How WGSL holds an element type in registers and in memory. */
export interface WgslType {
  readonly value: 'f32' | 'i32' | 'u32' | 'bool';
  /** The element type of the array; a bool is 0 or 1, four u8 lie in one word. */
  readonly stored: 'f32' | 'i32' | 'u32';
  readonly elementsPerWord: number;
}

const TYPES: Readonly<Partial<Record<DType, WgslType>>> = {
  f32: { value: 'f32', stored: 'f32', elementsPerWord: 1 },
  i32: { value: 'i32', stored: 'i32', elementsPerWord: 1 },
  bool: { value: 'bool', stored: 'u32', elementsPerWord: 1 },
  u8: { value: 'u32', stored: 'u32', elementsPerWord: 4 },
};

/** @throws LacunaError for a type that the kernels do not compute in. */
export function wgslType(dtype: DType, where: string): WgslType {
  const type = TYPES[dtype];
  if (type !== undefined) return type;
  throw new LacunaError({
    where: `webgpu: ${where}`,
    what: 'the element type is not supported',
    got: dtype,
    expected: Object.keys(TYPES).join(', '),
  });
}

/** Bytes that so many elements take on the device: whole words, at least one. */
export function byteLength(dtype: DType, count: number): number {
  return 4 * Math.max(1, Math.ceil(count / wgslType(dtype, 'a tensor').elementsPerWord));
}

/** An element of a program's literal, in WGSL. */
export function literal(dtype: DType, value: number): string {
  switch (dtype) {
    case 'bool':
      return value === 0 ? 'false' : 'true';
    case 'i32':
      return `i32(${value})`;
    case 'u8':
      return `${value}u`;
    default:
      return floatLiteral(value);
  }
}

function floatLiteral(value: number): string {
  const rounded = Math.fround(value);
  // A constant expression may be neither, but a variable may.
  if (!Number.isFinite(rounded)) {
    const bits = new Uint32Array(Float32Array.of(rounded).buffer)[0] as number;
    return `bitcast<f32>(0x${bits.toString(16)}u ^ zero_bits)`;
  }
  if (Object.is(rounded, -0)) return 'bitcast<f32>(0x80000000u)';
  const text = String(rounded);
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}

/** Functions that kernels call, by name: only those that occur are written. */
export const HELPERS: Readonly<Record<string, string>> = {
  // Functions, since a literal that f16 does not hold may be converted at run time only.
  half: 'fn half(x: f32) -> f16 { return f16(x); }',
  half4: 'fn half4(x: vec4<f32>) -> vec4<f16> { return vec4<f16>(x); }',
  quantized: 'fn quantized(x: f32) -> f32 { return quantizeToF16(x); }',
  quantized4: 'fn quantized4(x: vec4<f32>) -> vec4<f32> { return quantizeToF16(x); }',
  // Bit patterns: an implementation may take it that no number is NaN or infinite.
  is_finite: `fn is_finite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}`,
  // Below 1 a polynomial, of erf(x) / x in x^2; above 1 - erfc, with one of log(erfc(x)) + x^2 in x.
  // scripts/wgsl-polynomials.py made all of these: within 2.3 and 1.3 units in the last place where
  // exp and the division are exact.
  erf: `fn erf(x: f32) -> f32 {
  let a = abs(x);
  let s = min(a, 1.0f) * min(a, 1.0f);
  var p = -9.667045e-06f;
  p = p * s + 0.00011265959f;
  p = p * s + -0.00084840803f;
  p = p * s + 0.0052210316f;
  p = p * s + -0.02686543f;
  p = p * s + 0.11283782f;
  p = p * s + -0.37612638f;
  p = p * s + 1.1283792f;
  let t = min(a, 4.0f);
  var q = -1.3272362e-05f;
  q = q * t + 0.00031693702f;
  q = q * t + -0.0034323514f;
  q = q * t + 0.022604773f;
  q = q * t + -0.10328112f;
  q = q * t + 0.36085874f;
  q = q * t + -1.1258936f;
  q = q * t + -0.0007658978f;
  let tail = 1.0f - exp(q - t * t);
  return select(select(tail, -tail, x < 0.0f), x * p, a < 1.0f);
}`,
  // The builtin may be off by 1e-5, or overflow inside: below 1 a polynomial of tanh(x) / x in x^2
  // instead, above 1 - 2 / (e^2x + 1).
  tanh_of: `fn tanh_of(x: f32) -> f32 {
  let a = abs(x);
  let s = min(a, 1.0f) * min(a, 1.0f);
  var p = -0.0003523281f;
  p = p * s + 0.0022786476f;
  p = p * s + -0.007912485f;
  p = p * s + 0.02146141f;
  p = p * s + -0.053869706f;
  p = p * s + 0.13332139f;
  p = p * s + -0.33333278f;
  p = p * s + 1.0f;
  let tail = 1.0f - 2.0f / (exp(2.0f * min(a, 12.0f)) + 1.0f);
  return select(select(tail, -tail, x < 0.0f), x * p, a < 1.0f);
}`,
};

/**
 * How products hold their operands while they multiply: as they are; as f16, which takes
 * `shader-f16`; or rounded to f16 and held as f32, where the device has none. Sums are f32 always.
 */
export type Factors = 'f32' | 'f16' | 'quantized';

/** Operands in workgroup memory, in WGSL. */
export interface HeldFactors {
  /** The element type of a tile. */
  readonly scalar: 'f32' | 'f16';
  /** A tile's element, or four, before anything is loaded. */
  zero(width: 1 | 4): string;
  /** What is put in a tile of f32 elements. */
  write(code: string, width: 1 | 4): string;
  /** Four of a tile, in f32. */
  read(code: string): string;
}

export const HELD: Readonly<Record<Factors, HeldFactors>> = {
  f32: {
    scalar: 'f32',
    zero: (width) => (width === 4 ? 'vec4<f32>()' : '0.0f'),
    write: (code) => code,
    read: (code) => code,
  },
  f16: {
    scalar: 'f16',
    zero: (width) => (width === 4 ? 'vec4<f16>()' : '0.0h'),
    write: (code, width) => `${width === 4 ? 'vec4<f16>' : 'f16'}(${code})`,
    read: (code) => `vec4<f32>(${code})`,
  },
  quantized: {
    scalar: 'f32',
    zero: (width) => (width === 4 ? 'vec4<f32>()' : '0.0f'),
    write: (code) => `quantizeToF16(${code})`,
    read: (code) => code,
  },
};

/**
 * How products hold their operands while they multiply: as they are; as f16, which takes
 * `shader-f16`; or rounded to f16 and held as f32, where the device has none. Sums are f32 always.
 */
export type Factors = 'f32' | 'f16' | 'quantized';

/** Operands in workgroup memory, in WGSL. */
export interface HeldFactors {
  /** The element type of a tile. */
  readonly scalar: 'f32' | 'f16';
  /** Bytes of an element of a tile. */
  readonly bytes: 2 | 4;
  /** The function of `HELPERS` that makes one of an f32 number; of four, with a 4 behind. */
  readonly convert?: 'half' | 'quantized';
}

export const HELD: Readonly<Record<Factors, HeldFactors>> = {
  f32: { scalar: 'f32', bytes: 4 },
  f16: { scalar: 'f16', bytes: 2, convert: 'half' },
  quantized: { scalar: 'f32', bytes: 4, convert: 'quantized' },
};

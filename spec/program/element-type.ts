/** The element types of tensors, by name. */
export const DTYPES = ['f64', 'f32', 'f16', 'bf16', 'i32', 'u8', 'bool'] as const;
/** Element types. `u8` is for inputs (video frames) and casts only. */
export type DType = (typeof DTYPES)[number];
/** Floating-point types. `f64` serves checks; backends compute in `f32` and, by contract, below. */
export type FloatType = Exclude<DType, 'i32' | 'u8' | 'bool'>;

/** How `compare` compares: =, not =, <, <=, >, >=. */
export const COMPARISONS = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const;
export type Comparison = (typeof COMPARISONS)[number];

export function isFloat(dtype: DType): dtype is FloatType {
  return dtype === 'f32' || dtype === 'f64' || dtype === 'f16' || dtype === 'bf16';
}

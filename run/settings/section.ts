import { z } from 'zod';
import { type ErrorFacts, LacunaError } from '../../spec/errors.js';
import { ROUNDINGS, type Rounding } from '../../spec/masking/rounding.js';

/** All keys optional, at every depth of plain objects: what a person writes of a section. */
export type Overrides<T> = {
  readonly [K in keyof T]?: NonNullable<T[K]> extends object ? Overrides<NonNullable<T[K]>> : T[K];
};

/** No side of a model, clip or run is larger: a slip of the finger shall not fill the memory. */
const MOST = 1_000_000;

export const count: z.ZodType<number> = z.int().min(1).max(MOST);
export const countOrZero: z.ZodType<number> = z.int().min(0).max(MOST);
/** A number of steps: a run may have many more than anything else has. */
export const steps: z.ZodType<number> = z.int().min(1).max(1e9);
/** A share that may be all. */
export const rate: z.ZodType<number> = z.number().min(0).max(1);
/** A share that leaves something. */
export const ratio: z.ZodType<number> = z.number().min(0).lt(1);
export const epsilon: z.ZodType<number> = z.number().gt(0).max(1);
export const path: z.ZodType<string> = z.string().min(1).max(4096);
export const rounding: z.ZodType<Rounding> = z.enum(ROUNDINGS);

/** Throws where the value of a key does not fit the others. */
export function refuse(
  wrong: boolean,
  where: string,
  got: string,
  facts: Omit<ErrorFacts, 'where' | 'got'>,
): void {
  if (wrong) throw new LacunaError({ where, got, ...facts });
}

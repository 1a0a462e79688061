import { LacunaError, type Program } from '../../spec/index.js';
import type { BackendInfo } from '../backend.js';

/**
 * The inputs of a program that are rows of a batch, which several devices may share: those of role `data` that
 * have `rows` rows and that a step is fed.
 *
 * @param kept Names of what a plan keeps, which is not fed.
 */
export function rowInputs(
  { inputs }: Program,
  rows: number,
  kept: ReadonlySet<string> = new Set(),
): readonly string[] {
  return inputs
    .filter(({ name, role, shape }) => role === 'data' && shape[0] === rows && !kept.has(name))
    .map(({ name }) => name);
}

/** @throws LacunaError for a batch of which the devices do not get equally many rows. */
export function requireSplit(
  { batch, microbatches = 1 }: { readonly batch: number; readonly microbatches?: number },
  { devices = 1 }: Pick<BackendInfo, 'devices'>,
  where = '--batch',
): void {
  if ((batch / microbatches) % devices === 0) return;
  const parts = microbatches === 1 ? '' : ` in ${microbatches} parts`;
  const each = devices * microbatches;
  throw new LacunaError({
    where,
    what: 'the batch does not divide by the devices',
    got: `${batch} clips${parts} for ${devices} devices`,
    fix: `Take a multiple of ${each} (--batch).`,
  });
}

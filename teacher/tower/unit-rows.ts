import { LacunaError } from '../../spec/errors.js';

/**
 * Writes rows of length 1 into `into`, from `place` on: x / |x|, the length in float64.
 *
 * @throws LacunaError for a row that has no direction: of zeros, or with a value that is not finite.
 */
export function unitRows(
  where: string,
  rows: Float32Array,
  width: number,
  into: Float32Array,
  place: number,
): void {
  for (let start = 0; start < rows.length; start += width) {
    let squares = 0;
    for (let i = 0; i < width; i++) squares += (rows[start + i] as number) ** 2;
    const length = Math.sqrt(squares);
    if (!(length > 0 && length < Number.POSITIVE_INFINITY)) {
      throw new LacunaError({
        where,
        what: 'the tower gave an embedding without a direction',
        got: `length ${length}`,
        fix: 'Its weights are damaged, or it does not fit its configuration: fetch it again.',
      });
    }
    for (let i = 0; i < width; i++) into[place + start + i] = (rows[start + i] as number) / length;
  }
}

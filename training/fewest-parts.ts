/**
 * The fewest equal parts of a batch of which one after the other fits, and what a step takes then.
 *
 * @param peakOf Bytes of a step in so many parts.
 * @param room Bytes that there are.
 * @param least Fewer parts are not looked at. @defaultValue 1
 * @returns undefined where not even one clip at a time fits.
 */
export function fewestParts(
  batch: number,
  peakOf: (parts: number) => number,
  room: number,
  least = 1,
): { readonly parts: number; readonly peak: number } | undefined {
  for (let parts = least; parts <= batch; parts++) {
    if (batch % parts !== 0) continue;
    const peak = peakOf(parts);
    if (peak <= room) return { parts, peak };
  }
  return undefined;
}

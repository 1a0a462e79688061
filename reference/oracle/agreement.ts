import type { HostTensor, Named } from '../../core/backend.js';

/** The agreement that float64 on both sides must reach, unless a test says why not. */
export const EXACT = 1e-9;

/**
 * The largest |got - want| / max(1, |want|) over all elements of all tensors in `want`; NaN where a
 * value is NaN. Throws where a tensor is missing or has another number of elements.
 */
export function worstDifference(
  got: Named<Pick<HostTensor, 'data'>>,
  want: Named<Pick<HostTensor, 'data'>>,
): number {
  let worst = 0;
  for (const [name, { data }] of Object.entries(want)) {
    const mine = got[name]?.data;
    if (mine?.length !== data.length) {
      throw new Error(`${name}: ${mine?.length ?? 'no'} elements, not ${data.length}`);
    }
    data.forEach((value, i) => {
      const difference = Math.abs(value - (mine[i] as number));
      worst = Math.max(worst, difference / Math.max(1, Math.abs(value)));
    });
  }
  return worst;
}

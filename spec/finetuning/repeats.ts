/** Stand-ins take replicates from 1 on; more of them are never tried than lie between two augmentations. */
const REPLICATES = 4096;

/**
 * The replicate at which augmentation `repeat` of a clip draws everything but its frames, which are those of the first:
 * min(replicate, 4095) + 4096 repeat; the first draws at the replicate itself.
 *
 * Source: VideoMAE's repeated augmentation (Hoffer et al. 2020) draws anew for each; the address is this project's choice.
 */
export function repeatedReplicate(replicate: number, repeat: number): number {
  return repeat === 0 ? replicate : Math.min(replicate, REPLICATES - 1) + REPLICATES * repeat;
}

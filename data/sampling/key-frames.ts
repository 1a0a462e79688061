/**
 * The frames of a video that stand for it when it is captioned: with n = min(count, frameCount)
 * equal segments [i F / n, (i + 1) F / n) of its F frames, the middle frame floor((2 i + 1) F / (2 n))
 * of each, in order. A video with fewer frames than `count` gives each of its frames once.
 *
 * Source: TGM takes "three uniformly spaced key frames" of a video; that they are the middles of
 * equal segments is our reading.
 */
export function keyFrames(frameCount: number, count: number): readonly number[] {
  const n = Math.min(count, frameCount);
  return Array.from({ length: n }, (_, i) => Math.floor(((2 * i + 1) * frameCount) / (2 * n)));
}

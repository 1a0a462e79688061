import { MAX_RATE, MIN_RATE } from '../../data/video/limits.js';

/** What a browser tells of a frame that it shows (`VideoFrameCallbackMetadata`). */
export interface RatedFrame {
  /** Seconds since the film's beginning; WebM has whole milliseconds. */
  readonly mediaTime: number;
  /** Frames shown until then: more than one since the last that was told of, where some were not told of. */
  readonly presentedFrames: number;
}

/** Rates that films have; what is measured near one is taken for it. */
const USUAL = [24_000 / 1001, 24, 25, 30_000 / 1001, 30, 50, 60_000 / 1001, 60];
/** How far from it, at most. */
const NEAR = 0.005;
const UNKNOWN = 30;

/**
 * Frames a second: 1 / b of the line t = a + b n that lies nearest to the times t of frames n (least squares), or the
 * nearest usual rate within 0.5 %. A frame's number follows from its distance to the one before, in units of
 * the middle distance, since a busy browser leaves some out.
 *
 * @returns From `MIN_RATE` to `MAX_RATE`; 30 where fewer than two frames say it.
 */
export function rateOf(shown: readonly RatedFrame[]): number {
  const steps = shown.slice(1).flatMap(({ mediaTime, presentedFrames }, i) => {
    const before = shown[i] as RatedFrame;
    const [time, count] = [mediaTime - before.mediaTime, presentedFrames - before.presentedFrames];
    return time > 0 && count > 0 ? [{ time, each: time / count }] : [];
  });
  const distances = steps.map(({ each }) => each).sort((a, b) => a - b);
  const middle = distances[Math.floor(distances.length / 2)];
  if (middle === undefined) return UNKNOWN;
  const points = [{ n: 0, t: 0 }];
  for (const { time } of steps) {
    const { n, t } = points.at(-1) as (typeof points)[number];
    points.push({ n: n + Math.max(1, Math.round(time / middle)), t: t + time });
  }
  const rate = 1 / slopeOf(points);
  const distance = (usual: number): number => Math.abs(rate / usual - 1);
  const [usual = rate] = [...USUAL].sort((a, b) => distance(a) - distance(b));
  return Math.min(MAX_RATE, Math.max(MIN_RATE, distance(usual) <= NEAR ? usual : rate));
}

/** b = sum (n - mean n) (t - mean t) / sum (n - mean n)^2. */
function slopeOf(points: readonly { readonly n: number; readonly t: number }[]): number {
  const mean = (of: 'n' | 't'): number =>
    points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [n0, t0] = [mean('n'), mean('t')];
  const sum = (of: 'n' | 't', from: number): number =>
    points.reduce((total, point) => total + (point.n - n0) * (point[of] - from), 0);
  return sum('t', t0) / sum('n', n0);
}

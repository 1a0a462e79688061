import { type Html, html } from '../../formats/html/html.js';

/** Values over steps. */
export interface Curve {
  readonly title: string;
  readonly points: readonly Point[];
  /** Of the whole run: the right end of the picture. */
  readonly steps: number;
  /** A value that is drawn across: what chance would reach. */
  readonly chance?: number;
  /** Whether each value gets a dot: there are few. @defaultValue false */
  readonly dots?: boolean;
  /** A value in words. */
  text(value: number): string;
}

export interface Point {
  readonly step: number;
  readonly value: number;
}

/** The picture in its own units; it is as wide as there is room. */
const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [480, 160, 56, 8, 20];
/** More points than this are thinned. */
const MAX_POINTS = 480;

/** A curve as a picture that says its last value in words, too. */
export function curvePicture({
  title,
  points: all,
  steps,
  chance,
  dots = false,
  text,
}: Curve): Html {
  // A value that is missing, or not finite, has no place in the picture.
  const points = all.filter(({ value }) => Number.isFinite(value));
  const last = points.at(-1);
  if (last === undefined) return html``;
  const shown = thinned(points);
  const values = [...shown.map(({ value }) => value), ...(chance === undefined ? [] : [chance])];
  const high = Math.max(...values);
  const low = Math.min(0, ...values);
  const x = (step: number): number => LEFT + ((WIDTH - LEFT - 8) * step) / Math.max(1, steps);
  const y = (value: number): number =>
    TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / (high - low || 1));
  const place = ({ step, value }: Point): string => `${x(step).toFixed(1)},${y(value).toFixed(1)}`;
  const told = `${title}: ${text(last.value)} at step ${last.step}${chance === undefined ? '' : `, by chance ${text(chance)}`}`;
  const marks = dots
    ? shown.map(
        (point) =>
          html`<circle class="dot" cx="${x(point.step).toFixed(1)}" cy="${y(point.value).toFixed(1)}" r="3"/>`,
      )
    : [];
  const across =
    chance === undefined
      ? html``
      : html`<line class="chance" x1="${LEFT}" x2="${WIDTH - 8}" y1="${y(chance).toFixed(1)}" y2="${y(chance).toFixed(1)}"/>`;
  return html`<figure class="curve"><figcaption>${told}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${told}">
<line class="axis" x1="${LEFT}" x2="${WIDTH - 8}" y1="${y(low)}" y2="${y(low)}"/><line class="axis" x1="${LEFT}" x2="${LEFT}" y1="${TOP}" y2="${y(low)}"/>
<text x="${LEFT - 6}" y="${TOP + 8}" text-anchor="end">${text(high)}</text><text x="${LEFT - 6}" y="${y(low)}" text-anchor="end">${text(low)}</text>
<text x="${LEFT}" y="${HEIGHT - 6}">0</text><text x="${WIDTH - 8}" y="${HEIGHT - 6}" text-anchor="end">${steps} steps</text>
${across}<polyline class="line" points="${shown.map(place).join(' ')}"/>${marks}</svg></figure>`;
}

/** Every so many points, and the last. */
export function thinned<T>(points: readonly T[]): readonly T[] {
  const every = Math.max(1, Math.ceil(points.length / MAX_POINTS));
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

import type { FrameRequest, FrameVectors, VideoInfo } from '../video/video-reader.js';
import { type ClipTransform, clipTransform } from './clip-transform.js';
import { copyFirst, emptyField, type MotionField, VECTOR_UNIT } from './motion-field.js';

const ROW = 7;
/** B frames between two anchors that are held for the later one; x264 makes at most 16. */
const MAX_HELD = 16;

/** Area-weighted sums over the blocks of one frame: x, y and weight of each. */
interface Sums {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly weight: Float64Array;
}

interface HeldFrame {
  readonly frame: number;
  /** Motion since the anchor before, and until the anchor after. */
  readonly past: Sums;
  readonly future: Sums;
}

/**
 * The motion of a clip by the vectors in the video's own bitstream. Clip frames are `stride` source
 * frames apart, so the motion of the source frames between two of them is added up:
 *
 * - A vector is divided by its distance in frames. Decoders tell only whether it points back or
 *   ahead; it is taken to point to the anchor (frame that is no B frame) nearest on that side. Where
 *   an encoder refers further back, or to a B frame, the speed is off by that factor.
 * - Each vector is turned, cropped, scaled and mirrored as its frame is. A block of the clip takes
 *   the mean of the vectors that overlap it, weighted by area, as its speed in that source frame.
 * - Its motion from one clip frame to the next is the number of source frames between them times its
 *   mean speed over those in which it has a vector: key frames and blocks without prediction do not
 *   tell, and are bridged. Without any vector in between the motion is not known.
 *
 * Sums of products and quotients of float64 in a fixed order, rounded once to 1/16 pixels, halves
 * upwards: the same on every machine.
 */
export class CodecMotion {
  readonly #transform: ClipTransform;
  readonly #block: number;
  readonly #rows: number;
  readonly #columns: number;
  /** The source frames of the clip, ascending, each once. */
  readonly #wanted: readonly number[];
  #intervals: Sums[] = [];
  #held: HeldFrame[] = [];
  #last = -1;
  #anchor: number | undefined;
  #vectors = 0;

  constructor(info: VideoInfo, request: FrameRequest, block: number) {
    this.#transform = clipTransform(info, request);
    this.#block = block;
    this.#rows = Math.floor(request.size.height / block);
    this.#columns = Math.floor(request.size.width / block);
    this.#wanted = [...new Set(request.indices)].sort((a, b) => a - b);
    this.#restart();
  }

  /** Takes in one decoded frame: the `onVectors` of the request. */
  readonly add = (frame: number, { isAnchor, rows }: FrameVectors): void => {
    if (frame <= this.#last) this.#restart();
    this.#last = frame;
    if (frame <= (this.#wanted[0] ?? 0)) {
      // Only what comes after the clip's first frame is counted.
      if (isAnchor) this.#anchor = frame;
      return;
    }
    const [past, future] = [this.#sums(), this.#sums()];
    const found = rows();
    this.#spread(found, past, future);
    this.#vectors += found.length / ROW;
    if (!isAnchor) {
      this.#held.push({ frame, past, future });
      if (this.#held.length > MAX_HELD) this.#release(undefined);
      return;
    }
    this.#release(frame);
    this.#count(frame, past, future);
    this.#anchor = frame;
  };

  /** The field of the clip whose frames have these source indices, or undefined if no vector was met. */
  field(indices: readonly number[]): MotionField | undefined {
    this.#release(undefined);
    if (this.#vectors === 0) return undefined;
    const field = emptyField(indices.length, this.#rows, this.#columns);
    const blocks = this.#rows * this.#columns;
    for (let t = 1; t < indices.length; t++) {
      const [from, to] = [indices[t - 1] as number, indices[t] as number];
      // A frame before the clip may stand for one that is missing: motion to it is not counted.
      const interval = this.#intervals[this.#wanted.indexOf(to)];
      for (let n = 0; n < blocks; n++) {
        const weight = interval?.weight[n] ?? 0;
        if (weight === 0 && from !== to) continue;
        const scale = weight === 0 ? 0 : ((to - from) * VECTOR_UNIT) / weight;
        const at = t * blocks + n;
        field.vectors[2 * at] = rounded((interval?.x[n] ?? 0) * scale);
        field.vectors[2 * at + 1] = rounded((interval?.y[n] ?? 0) * scale);
        field.measured[at] = 1;
      }
    }
    copyFirst(field);
    return field;
  }

  #restart(): void {
    this.#intervals = this.#wanted.map(() => this.#sums());
    this.#held = [];
    this.#anchor = undefined;
    this.#vectors = 0;
  }

  #sums(): Sums {
    const make = (): Float64Array => new Float64Array(this.#rows * this.#columns);
    return { x: make(), y: make(), weight: make() };
  }

  /** Adds each vector to the blocks of the clip that it overlaps. */
  #spread(rows: Float64Array, past: Sums, future: Sums): void {
    const { xx, xy, x0, yx, yy, y0 } = this.#transform;
    const block = this.#block;
    for (let at = 0; at < rows.length; at += ROW) {
      const x = rows[at] as number;
      const y = rows[at + 1] as number;
      const endX = x + (rows[at + 2] as number);
      const endY = y + (rows[at + 3] as number);
      const a = xx * x + xy * y + x0;
      const b = xx * endX + xy * endY + x0;
      const c = yx * x + yy * y + y0;
      const d = yx * endX + yy * endY + y0;
      const [left, right] = a < b ? [a, b] : [b, a];
      const [top, bottom] = c < d ? [c, d] : [d, c];
      const isPast = (rows[at + 6] as number) < 0;
      const sums = isPast ? past : future;
      // Content came from where an earlier frame has it, and goes to where a later one does.
      const u = (isPast ? -1 : 1) * (rows[at + 4] as number);
      const v = (isPast ? -1 : 1) * (rows[at + 5] as number);
      const speedX = xx * u + xy * v;
      const speedY = yx * u + yy * v;
      const firstRow = Math.max(0, Math.floor(top / block));
      const firstColumn = Math.max(0, Math.floor(left / block));
      for (let row = firstRow; row < this.#rows && row * block < bottom; row++) {
        const high = Math.min(bottom, (row + 1) * block) - Math.max(top, row * block);
        for (let column = firstColumn; column < this.#columns && column * block < right; column++) {
          const wide = Math.min(right, (column + 1) * block) - Math.max(left, column * block);
          const n = row * this.#columns + column;
          const area = wide * high;
          sums.x[n] = (sums.x[n] as number) + area * speedX;
          sums.y[n] = (sums.y[n] as number) + area * speedY;
          sums.weight[n] = (sums.weight[n] as number) + area;
        }
      }
    }
  }

  /** Counts the B frames that are held, now that the anchor after them is known, or there is none. */
  #release(anchor: number | undefined): void {
    for (const { frame, past, future } of this.#held.splice(0)) {
      this.#count(frame, past, future, anchor);
    }
  }

  /** Adds the speed of each block in one source frame to the interval that the frame lies in. */
  #count(frame: number, past: Sums, future: Sums, anchor?: number): void {
    const k = this.#wanted.findIndex((wanted) => frame <= wanted);
    const interval = this.#intervals[k];
    if (interval === undefined) return;
    const back = this.#anchor === undefined ? 0 : 1 / (frame - this.#anchor);
    const ahead = anchor === undefined ? 0 : 1 / (anchor - frame);
    for (let n = 0; n < interval.weight.length; n++) {
      const [p, f] = [back && (past.weight[n] as number), ahead && (future.weight[n] as number)];
      if (p + f === 0) continue;
      const x = back * (past.x[n] as number) + ahead * (future.x[n] as number);
      const y = back * (past.y[n] as number) + ahead * (future.y[n] as number);
      interval.x[n] = (interval.x[n] as number) + x / (p + f);
      interval.y[n] = (interval.y[n] as number) + y / (p + f);
      interval.weight[n] = (interval.weight[n] as number) + 1;
    }
  }
}

function rounded(value: number): number {
  return Math.min(Math.max(Math.floor(value + 0.5), -0x8000), 0x7fff);
}

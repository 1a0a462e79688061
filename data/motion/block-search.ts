import type { Plane } from './luma.js';

/** The search for the match of one window after the other. See `matchBlocks` for the rules. */
export class BlockSearch {
  readonly #current: Uint8Array;
  readonly #reference: Uint8Array;
  readonly #width: number;
  readonly #window: number;
  readonly #reach: number;
  readonly #mostX: number;
  readonly #mostY: number;
  #x = 0;
  #y = 0;
  #atRest = 0;
  #cost = 0;
  #bestX = 0;
  #bestY = 0;

  constructor(current: Plane, reference: Plane, window: number, reach: number) {
    this.#current = current.data;
    this.#reference = reference.data;
    this.#width = current.width;
    this.#window = window;
    this.#reach = reach;
    this.#mostX = current.width - window;
    this.#mostY = current.height - window;
  }

  /** Turns to the window at (x, y), moved inside the frame; false where it is flat. */
  begin(x: number, y: number): boolean {
    this.#x = Math.min(Math.max(x, 0), this.#mostX);
    this.#y = Math.min(Math.max(y, 0), this.#mostY);
    this.#bestX = 0;
    this.#bestY = 0;
    this.#atRest = this.#difference(0, 0, Number.POSITIVE_INFINITY);
    this.#cost = this.#atRest;
    return this.#isTextured();
  }

  /** Whether nothing can be better than what was found. */
  get isPerfect(): boolean {
    return this.#cost === 0 && this.#bestX === 0 && this.#bestY === 0;
  }

  /** Tries one offset in pixels; one that leaves the frame or the range is passed over. */
  tryOffset(x: number, y: number): void {
    if (Math.abs(x) > this.#reach || Math.abs(y) > this.#reach) return;
    if (x === this.#bestX && y === this.#bestY) return;
    const [toX, toY] = [this.#x + x, this.#y + y];
    if (toX < 0 || toY < 0 || toX > this.#mostX || toY > this.#mostY) return;
    this.#take(this.#difference(x, y, this.#cost), x, y);
  }

  /** Tries all offsets of at most `distance` pixels along each axis. */
  everywhere(distance: number): void {
    for (let y = -distance; y <= distance; y++) {
      for (let x = -distance; x <= distance; x++) this.tryOffset(x, y);
    }
  }

  /** Moves to the best of the eight neighbours for as long as one is better. */
  descend(): void {
    for (let step = 0; step < this.#reach; step++) {
      const [x, y] = [this.#bestX, this.#bestY];
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) this.tryOffset(x + dx, y + dy);
      }
      if (x === this.#bestX && y === this.#bestY) return;
    }
  }

  /** Counts in quarter pixels from now on; refined to the best half pixel around, then quarter. */
  toQuarters(refines: boolean): void {
    this.#bestX *= 4;
    this.#bestY *= 4;
    if (!refines) return;
    for (const step of [2, 1]) {
      const [x, y] = [this.#bestX, this.#bestY];
      for (let dy = -step; dy <= step; dy += step) {
        for (let dx = -step; dx <= step; dx += step) this.#tryQuarters(x + dx, y + dy);
      }
    }
  }

  /** The offset found, or none where it gains too little over no motion. */
  result(): readonly [number, number] {
    const gain = this.#atRest - this.#cost;
    const isNoise = 2 * gain < this.#window ** 2 || 8 * gain < this.#atRest;
    return isNoise ? [0, 0] : [this.#bestX, this.#bestY];
  }

  #tryQuarters(x: number, y: number): void {
    if (x === this.#bestX && y === this.#bestY) return;
    const [toX, toY] = [4 * this.#x + x, 4 * this.#y + y];
    if (toX < 0 || toY < 0 || toX > 4 * this.#mostX || toY > 4 * this.#mostY) return;
    this.#take(this.#differenceBetween(toX, toY, this.#cost), x, y);
  }

  #take(cost: number, x: number, y: number): void {
    if (cost > this.#cost) return;
    if (cost === this.#cost) {
      const length = x * x + y * y - this.#bestX ** 2 - this.#bestY ** 2;
      const order = length || y - this.#bestY || x - this.#bestX;
      if (order >= 0) return;
    }
    this.#cost = cost;
    this.#bestX = x;
    this.#bestY = y;
  }

  /** The sum of absolute differences at an offset in pixels; it stops above `limit`. */
  #difference(x: number, y: number, limit: number): number {
    const [current, reference, width, window] = this.#arrays();
    let from = this.#y * width + this.#x;
    let to = from + y * width + x;
    let sum = 0;
    for (let row = 0; row < window; row++) {
      for (let i = 0; i < window; i++) {
        const difference = (current[from + i] as number) - (reference[to + i] as number);
        sum += difference < 0 ? -difference : difference;
      }
      if (sum > limit) return sum;
      from += width;
      to += width;
    }
    return sum;
  }

  /** The same for a place in quarter pixels, between the pixels bilinear: (sum of 16ths + 8) >> 4. */
  #differenceBetween(x: number, y: number, limit: number): number {
    const [current, reference, width, window] = this.#arrays();
    const [right, down] = [x & 3, y & 3];
    const weights = [
      (4 - right) * (4 - down),
      right * (4 - down),
      (4 - right) * down,
      right * down,
    ];
    const [a, b, c, d] = weights as [number, number, number, number];
    const [nextX, nextY] = [right === 0 ? 0 : 1, down === 0 ? 0 : width];
    let from = this.#y * width + this.#x;
    let to = (y >> 2) * width + (x >> 2);
    let sum = 0;
    for (let row = 0; row < window; row++) {
      for (let i = 0; i < window; i++) {
        const at = to + i;
        const value =
          (a * (reference[at] as number) +
            b * (reference[at + nextX] as number) +
            c * (reference[at + nextY] as number) +
            d * (reference[at + nextX + nextY] as number) +
            8) >>
          4;
        const difference = (current[from + i] as number) - value;
        sum += difference < 0 ? -difference : difference;
      }
      if (sum > limit) return sum;
      from += width;
      to += width;
    }
    return sum;
  }

  /** Whether neighbouring pixels of the window differ by half a level or more on average. */
  #isTextured(): boolean {
    const [current, , width, window] = this.#arrays();
    let sum = 0;
    for (let row = 1; row < window; row++) {
      const at = (this.#y + row) * width + this.#x;
      for (let i = 1; i < window; i++) {
        const value = current[at + i] as number;
        sum += Math.abs(value - (current[at + i - 1] as number));
        sum += Math.abs(value - (current[at + i - width] as number));
      }
    }
    return sum >= (window - 1) ** 2;
  }

  #arrays(): readonly [Uint8Array, Uint8Array, number, number] {
    return [this.#current, this.#reference, this.#width, this.#window];
  }
}

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
  readonly #side: number;
  /** The turn in which an offset was tried last. */
  readonly #tried: Int32Array;
  #turn = 0;
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
    this.#side = 2 * reach + 1;
    this.#tried = new Int32Array(this.#side ** 2);
    this.#mostX = current.width - window;
    this.#mostY = current.height - window;
  }

  /** Turns to the window at (x, y), moved inside the frame; false where it is flat. */
  begin(x: number, y: number): boolean {
    this.#x = Math.min(Math.max(x, 0), this.#mostX);
    this.#y = Math.min(Math.max(y, 0), this.#mostY);
    this.#bestX = 0;
    this.#bestY = 0;
    this.#cost = Number.POSITIVE_INFINITY;
    this.#turn++;
    this.#tried[this.#reach * this.#side + this.#reach] = this.#turn;
    this.#atRest = this.#difference(0, 0);
    this.#cost = this.#atRest;
    return this.#isTextured();
  }

  /** Whether no offset can gain enough over no motion. */
  get isAtRest(): boolean {
    return 2 * this.#atRest < this.#window ** 2;
  }

  /** Tries one offset in pixels; one that leaves the frame or the range is passed over. */
  tryOffset(x: number, y: number): void {
    if (Math.abs(x) > this.#reach || Math.abs(y) > this.#reach) return;
    const place = (y + this.#reach) * this.#side + x + this.#reach;
    if (this.#tried[place] === this.#turn) return;
    this.#tried[place] = this.#turn;
    const toX = this.#x + x;
    const toY = this.#y + y;
    if (toX < 0 || toY < 0 || toX > this.#mostX || toY > this.#mostY) return;
    this.#take(this.#difference(x, y), x, y);
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
      const x = this.#bestX;
      const y = this.#bestY;
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
    if (!refines || 2 * this.#cost < this.#window ** 2) return; // it cannot gain enough
    for (const step of [2, 1]) {
      const x = this.#bestX;
      const y = this.#bestY;
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
    const toX = 4 * this.#x + x;
    const toY = 4 * this.#y + y;
    if (toX < 0 || toY < 0 || toX > 4 * this.#mostX || toY > 4 * this.#mostY) return;
    const cost = differenceBetween(
      this.#current,
      this.#y * this.#width + this.#x,
      this.#reference,
      toX,
      toY,
      this.#width,
      this.#window,
      this.#cost,
    );
    this.#take(cost, x, y);
  }

  #difference(x: number, y: number): number {
    const from = this.#y * this.#width + this.#x;
    const to = from + y * this.#width + x;
    const reference = this.#reference;
    return difference(this.#current, from, reference, to, this.#width, this.#window, this.#cost);
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

  /** Whether neighbouring pixels of the window differ by half a level or more on average. */
  #isTextured(): boolean {
    const current = this.#current;
    const width = this.#width;
    const window = this.#window;
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
}

/**
 * The sum of absolute differences of two windows of one width, which begin at `from` and at `to`;
 * it stops above `limit`.
 */
function difference(
  current: Uint8Array,
  from: number,
  reference: Uint8Array,
  to: number,
  width: number,
  window: number,
  limit: number,
): number {
  let sum = 0;
  for (let row = 0; row < window; row++) {
    for (let i = 0; i < window; i++) {
      sum += Math.abs((current[from + i] as number) - (reference[to + i] as number));
    }
    if (sum > limit) return sum;
    from += width;
    to += width;
  }
  return sum;
}

/** The same for a place in quarter pixels, between the pixels bilinear: (sum of 16ths + 8) >> 4. */
function differenceBetween(
  current: Uint8Array,
  from: number,
  reference: Uint8Array,
  x: number,
  y: number,
  width: number,
  window: number,
  limit: number,
): number {
  const right = x & 3;
  const down = y & 3;
  const a = (4 - right) * (4 - down);
  const b = right * (4 - down);
  const c = (4 - right) * down;
  const d = right * down;
  const nextX = right === 0 ? 0 : 1;
  const nextY = down === 0 ? 0 : width;
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
      sum += Math.abs((current[from + i] as number) - value);
    }
    if (sum > limit) return sum;
    from += width;
    to += width;
  }
  return sum;
}
